"""What an audit is given beside DNS: events, receivers' reports, their own figures. Read once, kept in the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from deliverability.fastclass import dataclass
from deliverability.messages.given import Filters, Told, domains_of, read_given

if TYPE_CHECKING:
    from deliverability.compare.campaigns import Table
    from deliverability.compare.result import Comparison
    from deliverability.comparison import Wanted
    from deliverability.document import Audit
    from deliverability.events.figures import RatesFacts
    from deliverability.feedback.change import ChangeFacts
    from deliverability.feedback.facts import AggregateFacts, TlsFacts
    from deliverability.feedback.postmaster import PostmasterFacts
    from deliverability.feedback.senderhub import SenderHubFacts
    from deliverability.feedback.snds import SndsFacts
    from deliverability.intake.trouble import Troubles
    from deliverability.lookup import Resolver
    from deliverability.messages.given import GivenMessage
    from deliverability.rates import Asked
    from deliverability.recipients.facts import RecipientsFacts

MAX_EXPORT = 32 * 1024 * 1024
"""Octets of one export of a receiver's figures; a year of them is some MB. Our own bound."""
EVENTS = "events"
"""The kind of observation that holds the figures of events; the document's `rates` are made of the same messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change that events are cut at: what is compared, and an audit of the time before, where there is one."""

    wanted: Wanted
    previous: Audit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Paths to what is to be read, each list as files, folders, patterns or `-`; `declared` senders for the reports.

    `message` is one file, `told` what is known of how that was handed over, and `filters` are asked about it. `senders`
    are those that a policy declares, by domain: they are known where `declared` names none. `recipients` are lists,
    `suppressions` addresses that must not be in them; `resolver` is asked about their domains (nobody where it is
    None) for so many `seconds` in all (by default as `lists.read.Wanted`), and `key` is that of pseudonyms. `change` is
    one that the events are cut at.
    """

    events: tuple[str, ...] = ()
    dmarc_reports: tuple[str, ...] = ()
    tls_reports: tuple[str, ...] = ()
    postmaster: tuple[str, ...] = ()
    snds: tuple[str, ...] = ()
    sender_hub: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    suppressions: tuple[str, ...] = ()
    message: str | None = None
    told: Told = Told()
    filters: Filters = Filters()
    senders: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    change: Changed | None = None
    resolver: Resolver | None = field(default=None, compare=False)
    seconds: float | None = field(default=None, compare=False)
    key: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the findings of this audit are laid beside: a comparison, its table, and the audit of the time before."""

    comparison: Comparison
    table: Table
    previous: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The figures; None where nothing was given. `rates_document` is the `deliv.rates/1` of the events by provider.

    `comparison` is the `deliv.comparison/1` of the same events, where a change was named; `beside` is there where the
    findings are still to be laid beside it. `change` is what proposed records (--overlay) do to the senders of the
    reports. `message` is the message that is about to be sent.
    """

    rates: RatesFacts | None = None
    rates_document: Mapping[str, Any] | None = None
    dmarc_reports: AggregateFacts | None = None
    tls_reports: TlsFacts | None = None
    postmaster: PostmasterFacts | None = None
    snds: SndsFacts | None = None
    senderhub: SenderHubFacts | None = None
    recipients: RecipientsFacts | None = None
    change: ChangeFacts | None = None
    message: GivenMessage | None = None
    comparison: Mapping[str, Any] | None = None
    beside: Beside | None = None

    def observations(self) -> tuple[dict[str, Any], ...]:
        """The figures as a document keeps them, so that a replay judges the same."""
        if self == Inputs():
            return ()
        writers = _writers()
        found = ((writers[name], getattr(self, name)) for name in writers)
        return tuple(write(facts) for write, facts in found if facts is not None)


def _writers() -> dict[str, Callable[[Any], dict[str, Any]]]:
    from deliverability.events import figures  # noqa: PLC0415 - only where something was given
    from deliverability.feedback import change, facts, postmaster, senderhub, snds  # noqa: PLC0415 - as above
    from deliverability.recipients import facts as recipients  # noqa: PLC0415 - as above

    return {
        "rates": lambda found: {"kind": EVENTS, **figures.to_plain(found)},
        "dmarc_reports": facts.aggregate_observation,
        "tls_reports": facts.tls_observation,
        "postmaster": postmaster.to_observation,
        "snds": snds.to_observation,
        "senderhub": senderhub.to_observation,
        "recipients": recipients.to_observation,
        "change": change.to_observation,
        "message": lambda found: found.to_observation(),
    }


def from_observations(
    observations: Iterable[Mapping[str, Any]],
    rates: Mapping[str, Any] | None,
    comparison: Mapping[str, Any] | None = None,
) -> Inputs:
    """The inputs that a document was made with. Raises ValueError where what it holds is something else."""
    from deliverability.events import figures  # noqa: PLC0415 - only where a document holds some
    from deliverability.feedback import change, facts, postmaster, senderhub, snds  # noqa: PLC0415 - as above
    from deliverability.messages import given as given_message  # noqa: PLC0415 - only where a document holds some
    from deliverability.recipients import facts as recipients  # noqa: PLC0415 - as above

    readers: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {
        EVENTS: ("rates", figures.from_plain),
        facts.AGGREGATE: ("dmarc_reports", facts.aggregate_from),
        facts.TLS: ("tls_reports", facts.tls_from),
        postmaster.KIND: ("postmaster", postmaster.from_observation),
        snds.KIND: ("snds", snds.from_observation),
        senderhub.KIND: ("senderhub", senderhub.from_observation),
        recipients.KIND: ("recipients", recipients.from_observation),
        change.KIND: ("change", change.from_observation),
        given_message.KIND: ("message", given_message.from_observation),
    }
    found: dict[str, Any] = {"rates_document": rates, "comparison": comparison}
    for observation in observations:
        if observation["kind"] in readers:
            name, read = readers[observation["kind"]]
            found[name] = read({key: value for key, value in observation.items() if key != "kind"})
    return Inputs(**found)


def read_for(
    domains: Sequence[str], given: Given, asked: Asked, troubles: Troubles, progress: Callable[[int], None]
) -> dict[str, Inputs]:
    """The inputs of each domain: reports are about one, the rest is about the sender. Raises as `read_inputs`.

    The message goes to the domains that its From is of, or below which that stands. Raises ValueError also where there
    is none of these, and where standard input would have to be read twice.
    """
    if given == Given():
        return {}
    _check_stdin(domains, given)
    common = read_inputs(replace(given, dmarc_reports=(), tls_reports=()), "", asked, troubles, progress)
    of = domains_of(common.message, domains, given.message or "") if common.message else ()
    reports = Given(dmarc_reports=given.dmarc_reports, tls_reports=given.tls_reports)
    found: dict[str, Inputs] = {}
    for domain in domains:
        declared = given.declared or given.senders.get(domain, ())
        own = read_inputs(replace(reports, declared=declared), domain, asked, troubles, progress)
        found[domain] = replace(
            common,
            dmarc_reports=own.dmarc_reports,
            tls_reports=own.tls_reports,
            beside=common.beside if common.beside and common.beside.previous.subject.domain == domain else None,
            message=common.message if domain in of else None,
        )
    return found


def _check_stdin(domains: Sequence[str], given: Given) -> None:
    for_each = (given.dmarc_reports + given.tls_reports).count("-") * len(domains)
    once = (given.events, given.postmaster, given.snds, given.sender_hub, given.recipients, given.suppressions)
    if for_each + sum(paths.count("-") for paths in (*once, (given.message,))) > 1:
        raise ValueError("standard input (-) can be read only once, and for one domain")


def read_inputs(given: Given, domain: str, asked: Asked, troubles: Troubles, progress: Callable[[int], None]) -> Inputs:
    """Read everything that was given for one domain. Raises as the functions that read each kind do."""
    return Inputs(
        **(_events(given, asked, troubles, progress) if given.events else {}),
        dmarc_reports=_aggregate(given, domain, troubles, progress) if given.dmarc_reports else None,
        tls_reports=_tls(given.tls_reports, domain, troubles) if given.tls_reports else None,
        postmaster=_exports("postmaster", given.postmaster, troubles),
        snds=_exports("snds", given.snds, troubles),
        senderhub=_exports("senderhub", given.sender_hub, troubles),
        recipients=_recipients(given, asked, troubles, progress) if given.recipients else None,
        message=read_given(given.message, given.told, asked.now, filters=given.filters) if given.message else None,
    )


def _events(given: Given, asked: Asked, troubles: Troubles, progress: Callable[[int], None]) -> dict[str, Any]:
    """What events say, by field of Inputs, and what they say of a change: they are read once for both."""
    if given.change is None:
        from deliverability.rates import rates_and_facts  # noqa: PLC0415 - with DuckDB, 200 ms

        facts, document = rates_and_facts(given.events, asked, troubles=troubles, progress=progress)
        return {"rates": facts, "rates_document": document}
    from deliverability.campaign_tables import rates_and_table  # noqa: PLC0415 - only where a change is named
    from deliverability.comparison import days_of, judge, to_document  # noqa: PLC0415 - as above

    wanted, previous = given.change.wanted, given.change.previous
    by, changes = wanted.columns(), days_of(wanted.question(two_sets=False))
    facts, document, table = rates_and_table(given.events, asked, troubles, progress, by=by, changes=changes)
    found = judge(table, None, wanted)
    beside = None if previous is None else Beside(comparison=found, table=table, previous=previous)
    return {"rates": facts, "rates_document": document, "comparison": to_document(found), "beside": beside}


def _exports(name: str, paths: Sequence[str], troubles: Troubles) -> Any:  # noqa: ANN401 - the facts of one of three
    """All exports of one kind as one; a file that is none is refused by name."""
    if not paths:
        return None
    from importlib import import_module  # noqa: PLC0415 - one of three modules

    from deliverability.intake.paths import expand  # noqa: PLC0415 - only where something was given
    from deliverability.intake.streams import open_stream  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above

    module = import_module(f"deliverability.feedback.{name}")
    parts: list[Any] = []
    for path in expand(paths):
        try:
            for part in open_stream(path):
                try:  # one that is refused must not take the others along
                    parts.append(module.parse(part.stream.whole(MAX_EXPORT), file=part.name, on_bad=troubles.add))
                except Refused as refused:
                    troubles.refuse(part.name, refused)
        except Refused as refused:
            troubles.refuse(path, refused)
    return module.merged(parts) if parts else None


def _recipients(given: Given, asked: Asked, troubles: Troubles, progress: Callable[[int], None]) -> RecipientsFacts:
    from deliverability.lists.read import MAX_SECONDS, Wanted, recipients  # noqa: PLC0415 - only where one was given

    wanted = Wanted(
        suppressions=given.suppressions,
        events=tuple(path for path in given.events if path != "-"),  # it has been read by now
        as_events=asked,
        key=given.key,
        resolver=given.resolver,
        seconds=MAX_SECONDS if given.seconds is None else given.seconds,
    )
    return recipients(given.recipients, wanted, troubles=troubles, progress=progress)


def _aggregate(given: Given, domain: str, troubles: Troubles, progress: Callable[[int], None]) -> AggregateFacts:
    from deliverability.dmarc_reports import dmarc_reports  # noqa: PLC0415 - only where reports were given
    from deliverability.report_facts import aggregate_facts  # noqa: PLC0415 - as above

    found = dmarc_reports(
        given.dmarc_reports, domain=domain, declared=given.declared, troubles=troubles, progress=progress
    )
    return aggregate_facts(found, domain)


def _tls(paths: Sequence[str], domain: str, troubles: Troubles) -> TlsFacts:
    from deliverability.report_facts import tls_facts  # noqa: PLC0415 - only where reports were given
    from deliverability.tls_reports import tls_reports  # noqa: PLC0415 - as above

    return tls_facts(tls_reports(paths, domain=domain, troubles=troubles), domain)
