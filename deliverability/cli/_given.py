"""What an audit is given beside DNS: the options that name events, receivers' reports and their own figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deliverability.cli._change import CHANGE, change_options, wanted_of
from deliverability.cli._inputs import names_of, origin_of, read_audit
from deliverability.cli._message import HANDED_OVER, handover_options, only_one, told_from
from deliverability.cli._options import Decorator, option
from deliverability.cli._problem import Problem
from deliverability.cli._reading import Meter, asked_of, source_options, troubles_of, warn_of
from deliverability.inputs import Given, Inputs
from deliverability.messages.given import OFFLINE, RECEIVED, Filters, filters_of

if TYPE_CHECKING:
    from deliverability.comparison import Wanted
    from deliverability.document import Audit
    from deliverability.lookup import Resolver

_OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("--events", "PATH", "Events of the sending service, or what deliv ingest keeps; as for deliv rates."),
    ("--dmarc-reports", "PATH", "DMARC aggregate reports; as for deliv dmarc."),
    ("--declared", "SENDER", "A sender that is known: an address, a network, a domain or a service's name."),
    ("--tls-reports", "PATH", "SMTP TLS reports; as for deliv tls."),
    ("--postmaster", "FILE", "An export of Google Postmaster Tools (v2, or archived v1)."),
    ("--snds", "FILE", "A feed of Microsoft's SNDS."),
    ("--sender-hub", "FILE", "An export of Yahoo's Sender Hub."),
    ("--recipients", "FILE", "The list that is to be mailed, as for deliv recipients; its domains as published."),
    ("--suppressions", "FILE", "With --recipients: addresses that must not be mailed."),
)
NAMES = tuple(name.removeprefix("--").replace("-", "_") for name, _, _ in _OPTIONS)
"""The names under which a document keeps what was given."""
_READING = ("source", "timezone", "config")
GIVEN = (*NAMES, "message", *HANDED_OVER, *_READING, *CHANGE)
"""The parameters of `given_options`."""


def given_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--events, --dmarc-reports and the like, a message, how events are read, and the change that they are cut at."""
    function = handover_options(change_options(source_options(function)))
    function = option("--message", metavar="FILE", help="The message that is to be sent, as .eml; - is stdin.")(
        function
    )
    decorators: list[Decorator] = [
        option(name, multiple=True, metavar=metavar, help=text) for name, metavar, text in _OPTIONS
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def given_inputs(
    domains: Sequence[str],
    asked: dict[str, Any],
    stored: Audit | None,
    senders: Mapping[str, tuple[str, ...]] | None = None,
    *,
    quiet: bool,
) -> tuple[dict[str, Inputs], dict[str, Any]]:
    """The inputs of each domain, and what the document's options say of them; takes what it reads out of `asked`.

    `senders` are those that a policy declares, by domain: they are known where --declared names none.

    A replay uses what the stored audit was given, unless the command line gives something. Raises Problem.
    """
    reading = {name: asked.pop(name, None) for name in _READING}
    change = {name: asked.pop(name, None) for name in CHANGE}
    message, handed_over = _message(asked)
    paths: dict[str, Any] = {name: tuple(asked.pop(name, None) or ()) for name in NAMES}
    given = Given(**paths, **message)
    named = _named(change)
    if named and not given.events and (stored is None or given != Given()):
        raise Problem("--change needs the events that it cuts: --events PATH")
    if given == Given():
        if named:
            raise Problem("a stored audit keeps its own comparison: give --events to make another")
        return _stored(domains, stored)
    options = {name: list(paths) for name in NAMES if (paths := getattr(given, name))}
    options |= {name: value for name, value in reading.items() if value not in {None, "auto"}}
    options |= handed_over | named
    resolver, key = _for_lists(given, asked.pop("dns", None), asked.pop("retry_for", 0.0))
    given = replace(given, senders=senders or {}, resolver=resolver, key=key, seconds=asked.pop("seconds", None))
    return _read(domains, given, reading, change if named else None, quiet=quiet), options


def _for_lists(
    given: Given, dns: tuple[Sequence[str], Sequence[str]] | None, retry_for: float
) -> tuple[Resolver | None, bytes | None]:
    """Who is asked about the domains of a list, and the key of the pseudonyms in events. Raises Problem."""
    if not given.recipients:
        if given.suppressions:
            raise Problem("--suppressions goes with --recipients FILE")
        return None, None
    from deliverability.privacy import KEY_VARIABLE  # noqa: PLC0415 - only where there is a list

    key = os.environ.get(KEY_VARIABLE, "").encode("utf-8", "surrogateescape") or None
    return (None if dns is None else origin_of(*dns, (), retry_for=retry_for).resolver), key


def _message(asked: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The message as fields of Given, and as the document's options have it. Raises Problem.

    `ips` and `helo` of the audit itself say who hands it over, too, unless a host is trusted to have written it down:
    an audit may be of several servers, of which this message needs only one.
    """
    path, ips, helo = asked.pop("message", None), asked.pop("ips", ()), asked.pop("helo", None)
    given = {name: asked.pop(name, None) for name in HANDED_OVER}
    if path is None:
        if unused := [name for name, value in given.items() if value]:
            raise Problem(f"--{unused[0].replace('_', '-')} goes with --message FILE")
        return {}, {}
    told = told_from(given, None, None) if given["trust"] else told_from(given, only_one(ips), helo)
    from deliverability.privacy import pseudonyms_from_environment  # noqa: PLC0415 - only where there is a message

    name = pseudonyms_from_environment(os.environ).scrub(path)
    filters = _filters(given["spamassassin"], given["rspamd"])
    options = {"message": name, **told.options(), **filters.options()}
    return {"message": path, "told": told, "filters": filters}, options


def _filters(spamassassin: str | None, rspamd: str | None) -> Filters:
    """The spam filters that are named. Raises Problem."""
    try:
        return filters_of(spamassassin, rspamd)
    except ValueError as error:
        raise Problem(str(error)) from None


def _named(change: Mapping[str, Any]) -> dict[str, Any]:
    """What the document's options say of the change; empty without one. Raises Problem."""
    found: dict[str, Any] = {name: list(days) for name in ("change", "concurrent") if (days := change[name])}
    found |= {name: value for name in ("washout", "control", "audit_before") if (value := change[name]) is not None}
    if found and not change["change"]:
        raise Problem(f"--{min(found).replace('_', '-')} goes with --change DATE")
    return found


def _wanted(change: Mapping[str, Any], config: str | None) -> Wanted:
    """What is compared, checked before anything is read. Raises ValueError in one line, and Problem."""
    wanted = wanted_of({**change, "config": config})
    wanted.question(two_sets=False)
    return wanted


def _previous(path: str | None, domains: Sequence[str]) -> Audit | None:
    """The audit of the time before. Raises Problem."""
    if path is None:
        return None
    audit = read_audit(path)
    if audit.subject.domain not in domains:
        raise Problem(f"{path}: an audit of {audit.subject.domain}, and none of {', '.join(domains)}")
    return audit


def _stored(domains: Sequence[str], stored: Audit | None) -> tuple[dict[str, Inputs], dict[str, Any]]:
    if stored is None:
        return {}, {}
    # also what could not be read stands among the options
    kept = {name: stored.options[name] for name in (OFFLINE, RECEIVED, *GIVEN) if name in stored.options}
    if not (stored.observations or stored.rates or stored.comparison):
        return {}, kept
    from deliverability.inputs import from_observations  # noqa: PLC0415 - a replay

    try:
        inputs = from_observations(stored.observations, stored.rates, stored.comparison)
    except ValueError as error:
        raise Problem(f"a damaged deliv audit ({error})") from None
    return dict.fromkeys(names_of(domains), inputs), kept


def _read(
    domains: Sequence[str], given: Given, reading: Mapping[str, Any], change: Mapping[str, Any] | None, *, quiet: bool
) -> dict[str, Inputs]:
    from deliverability.events.engine import EngineFailed, EngineMissing  # noqa: PLC0415 - only where something is given
    from deliverability.inputs import Changed, read_for  # noqa: PLC0415 - as above
    from deliverability.mail.authenticate.verifier import VerifierMissing  # noqa: PLC0415 - as above

    asked = asked_of(reading)
    meter, names = Meter(wanted=not quiet), names_of(domains)
    try:
        if change is not None:
            wanted, previous = _wanted(change, reading["config"]), _previous(change["audit_before"], names)
            given = replace(given, change=Changed(wanted=wanted, previous=previous))
        with troubles_of(None) as troubles:
            found = read_for(names, given, asked, troubles, meter)
    except (ValueError, EngineMissing, EngineFailed, VerifierMissing) as error:
        raise Problem(str(error)) from None
    finally:
        meter.clear()
    warn_of(troubles, None, hint="deliv rates, dmarc, tls or recipients with --rejects FILE keeps all of them")
    return found
