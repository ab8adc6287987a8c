"""A message, how it was handed over, and how it is audited: options that several commands share, read and checked."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli._options import Decorator, option
from deliverability.cli._policy import judging_of, policy_at
from deliverability.cli._problem import Problem
from deliverability.fastclass import dataclass
from deliverability.messages.given import ENGINES, NULL_PATH, OFFLINE, RECEIVED, GivenMessage, Told, told_of

if TYPE_CHECKING:
    from deliverability.cli._inputs import Origin
    from deliverability.document import Audit
    from deliverability.messages.run import Run

HANDED_OVER = ("mail_from", "trust", *ENGINES)
"""The parameters of `handover_options`."""


def handover_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--mail-from, --trust, and the spam filters that are asked."""
    return _with(
        function,
        option(
            "--mail-from", metavar="ADDRESS", help="MAIL FROM of the message; <> for none. Only its domain is kept."
        ),
        option(
            "--trust",
            multiple=True,
            metavar="HOST",
            help="Believe the Received or Authentication-Results fields that this host, or authserv-id, added.",
        ),
        option("--spamassassin", metavar="HOST[:PORT]", help="Ask this spamd too; it is sent the whole message."),
        option("--rspamd", metavar="URL", help="Ask this rspamd too; it is sent the whole message."),
    )


def message_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where answers come from, how the message is handed over, and which checks run."""
    from deliverability.api import BLOCKLISTS  # noqa: PLC0415 - loaded by then

    return _with(
        function,
        option("--resolver", multiple=True, metavar="ADDR", help="DNS server: 192.0.2.1, tls://…, https://…"),
        option("--zone", multiple=True, metavar="FILE", help="Answer from zone files or exports only, no network."),
        option("--overlay", multiple=True, metavar="FILE", help="Lay proposed records over the published ones."),
        option("--offline", is_flag=True, help="Ask nobody: what DNS would say is not known."),
        option("--ip", metavar="A", help="The address that hands the message over."),
        option("--helo", metavar="NAME", help="The name that it says in HELO."),
        handover_options,
        option("--domain", metavar="DOMAIN", help="Whose mail it is, where From does not say."),
        option("--blocklists", type=click.Choice(BLOCKLISTS), default="default", help="Which DNS block lists to ask."),
        option("--full", is_flag=True, help="Run the checks of the domain too."),
        option("--config", metavar="FILE", help="Judge by the severities and lines of this deliv.toml."),
        option("--select", multiple=True, metavar="GLOB", help="Run these checks too."),
        option("--ignore", multiple=True, metavar="GLOB", help="Leave these checks out."),
    )


def _with(function: Callable[..., Any], *decorators: Decorator) -> Callable[..., Any]:
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def told_from(asked: Mapping[str, Any], ip: str | None, helo: str | None) -> Told:
    """What the command line says of how the message was handed over. Raises Problem."""
    try:
        return told_of(ip, helo, asked.get("mail_from"), tuple(asked.get("trust") or ()))
    except ValueError as error:
        raise Problem(str(error)) from None


def only_one(addresses: Sequence[str]) -> str | None:
    """The address that hands the message over, where --ip names one; several are for the audit alone."""
    return addresses[0] if len(addresses) == 1 else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """How messages are audited, and where the answers come from: that is to be closed in the end."""

    run: Run
    origin: Origin


def prepared(asked: dict[str, Any], stored: Audit | None = None) -> Prepared:
    """Check the parameters of `message_options`; `stored` is the audit that is repeated. Raises Problem."""
    from deliverability.cli._inputs import Origin, origin_of  # noqa: PLC0415 - loaded when the command runs
    from deliverability.lookup import ReplayResolver  # noqa: PLC0415 - as above
    from deliverability.lookup.keyed import key_from_environment  # noqa: PLC0415 - as above
    from deliverability.messages.run import plan_run  # noqa: PLC0415 - as above

    sources: dict[str, Any] = {name: list(asked.pop(name)) for name in ("resolver", "zone", "overlay")}
    config = asked.pop("config")
    policy = None if config is None else policy_at(config)
    if asked.pop("offline") and stored is None:
        if sources["zone"] or sources["resolver"]:
            raise Problem("--offline asks nobody and does not go with --resolver or --zone")
        sources[OFFLINE] = True
    if sources["zone"] and sources["resolver"]:
        raise Problem(
            "--zone answers from files only and does not go with --resolver (--overlay lays records over DNS)"
        )
    key = None if stored or sources["zone"] or OFFLINE in sources else key_from_environment(os.environ)
    asked["dqs"] = key is not None
    told = told_from(asked, asked["ip"], asked["helo"])
    overlay = sources["overlay"]
    if stored is not None:
        asked, told, sources = _restored(asked, told, sources, stored)
    if OFFLINE in sources and stored is None:
        origin = Origin(ReplayResolver(()))
    else:
        origin = origin_of(sources["resolver"], sources["zone"], overlay, stored, key)
    vantage = stored.vantage if stored else {"resolvers": origin.servers}
    now = datetime.fromisoformat(stored.started_at) if stored else datetime.now(UTC)
    names = ("domain", "blocklists", "dqs", "full", "select", "ignore", "timeout", "spamassassin", "rspamd")
    wanted = {name: asked[name] for name in names}
    try:
        wanted["judging"] = judging_of(policy, stored)
        run = plan_run(origin.resolver, told=told, more=sources, vantage=vantage, now=now, **wanted)
    except ValueError as error:
        raise Problem(str(error)) from None
    # a recording holds what came too late; the clock may not take away anything else
    if stored is not None:
        run = replace(run, timeout=math.inf, origin=RECEIVED if RECEIVED in stored.options else run.origin)
    return Prepared(run, origin)


def _restored(
    asked: dict[str, Any], told: Told, sources: dict[str, Any], stored: Audit
) -> tuple[dict[str, Any], Told, dict[str, Any]]:
    """What the stored audit was made with, but for what the command line gives."""
    from deliverability.messages.run import FAMILY  # noqa: PLC0415 - loaded by then

    was = stored.options
    selected = tuple(one for one in was.get("select", ()) if one != FAMILY)
    given = bool(asked["select"] or asked["full"])
    kept = Told(
        ip=told.ip or only_one(was.get("ips", ())),
        helo=told.helo or was.get("helo"),
        mail_from=_path_of(was.get("mail_from")) if told.mail_from is None else told.mail_from,
        local=told.local,
        trust=told.trust or tuple(was.get("trust", ())),
    )
    recorded = {name: list(was.get(name, ())) for name in ("resolver", "zone")}
    return (
        {
            **asked,
            "domain": asked["domain"] or stored.subject.domain,
            "blocklists": was.get("blocklists", asked["blocklists"]),
            "dqs": was.get("dqs", False),
            "timeout": was.get("timeout", asked["timeout"]),
            "full": asked["full"] if given else not was.get("select"),
            "select": asked["select"] if given else selected,
            "ignore": asked["ignore"] or tuple(was.get("ignore", ())),
        },
        kept,
        # what the stored audit had laid over its answers is in those answers already
        {
            **recorded,
            "overlay": sources["overlay"] or list(was.get("overlay", ())),
            **({OFFLINE: True} if was.get(OFFLINE) else {}),
        },
    )


def _path_of(stored: str | None) -> str | None:
    return "" if stored == NULL_PATH else stored


def stored_message(stored: Audit, path: str) -> GivenMessage:
    """The message of a stored audit. Raises Problem where it holds none."""
    from deliverability.inputs import from_observations  # noqa: PLC0415 - a replay

    try:
        given = from_observations(stored.observations, None).message
    except ValueError as error:
        raise Problem(f"{path}: a damaged deliv audit ({error})") from None
    if given is None:
        raise Problem(f"{path}: an audit of {stored.subject.domain} without a message")
    return given
