"""`check_host`: what a receiver makes of a client, a sender and a HELO name. RFC 7208 §4."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, Resolver, Status
from deliverability.lookup.labels import canonical_name
from deliverability.names import InvalidDomain, to_ascii
from deliverability.protocols.spf.limits import (
    MAX_LOOKUP_TERMS,
    MAX_MX_NAMES,
    MAX_PTR_NAMES,
    MAX_TARGET_OCTETS,
    MAX_VOID_LOOKUPS,
    TIMEOUT_SECONDS,
)
from deliverability.protocols.spf.macro import (
    LOCAL_PART_LETTERS,
    Macro,
    MacroContext,
    MacroString,
    expand,
    placeholders,
    scan,
    target_name,
)
from deliverability.protocols.spf.record import (
    QUERYING,
    Kind,
    Mechanism,
    Modifier,
    Qualifier,
    SpfRecord,
    is_spf,
    parse,
)
from deliverability.protocols.spf.trace import Cause, CheckResult, OpenStep, Result, StepOutcome, Stop, Trace

IPAddress = IPv4Address | IPv6Address

POSTMASTER = "postmaster"
"""RFC 7208 §4.3: the local part where the sender has none."""


async def check_host(
    resolver: Resolver,
    *,
    ip: str,
    sender: str,
    helo: str,
    default_explanation: str | None = None,
    receiver: str = "unknown",
    tells_local_part: bool = True,
    timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 - RFC 7208 §4.6.4 makes it part of the function
    clock: Callable[[], float] = time.time,
) -> CheckResult:
    """Evaluate SPF, RFC 7208 §4.1.

    Args:
        resolver: answers the questions.
        ip: the client's address; IPv4-mapped IPv6 is IPv4 (RFC 7208 §5).
        sender: the MAIL FROM address; "" means postmaster at `helo`.
        helo: what the client said in HELO or EHLO, whatever it is.
        default_explanation: what `.explanation` is on fail where the domain has none to offer.
        receiver: who checks, for the macro letter r.
        tells_local_part: False where names are to keep the macros of the local part (`private.Telling` fills them in).
        timeout: seconds for the whole check; past them the result is temperror.
        clock: seconds since 1970, for the macro letter t.

    Raises ValueError for an `ip` that is none, and for nothing else.
    """
    address = _client(ip)
    local, domain = _mailbox(sender, helo)
    client = MacroContext(
        domain=domain,
        sender_domain=domain,
        local=local if tells_local_part else None,
        ip=address,
        helo=_a_labels(helo),
        receiver=receiver,
    )
    check = _Check(resolver, address, client, clock)
    deadline = asyncio.get_running_loop().time() + timeout
    try:
        async with asyncio.timeout_at(deadline):
            verdict = await check.start(domain)
    except Stop as stop:
        verdict = _Verdict(stop.result, stop.cause)
    except TimeoutError:
        verdict = _Verdict(Result.TEMPERROR, Cause.TIMEOUT)
    explanation = None
    if verdict.result is Result.FAIL:
        explanation = await check.explain(verdict, deadline) or default_explanation
    return CheckResult(result=verdict.result, cause=verdict.cause, explanation=explanation, trace=check.trace.closed())


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A result of one record; `domain` and `exp` say where its explanation would come from."""

    result: Result
    cause: Cause
    domain: str = ""
    exp: MacroString | None = None


_RESULTS = {
    Qualifier.PASS: Result.PASS,
    Qualifier.FAIL: Result.FAIL,
    Qualifier.SOFTFAIL: Result.SOFTFAIL,
    Qualifier.NEUTRAL: Result.NEUTRAL,
}
_SPECIALS = frozenset('[]()<>@\\,;:" ')


def _client(ip: str) -> IPAddress:
    address = ip_address(ip.partition("%")[0])  # a zone index (RFC 4007 §11) is of this host, not of the client
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _mailbox(sender: str, helo: str) -> tuple[str, str]:
    """Local part and domain, RFC 7208 §4.3."""
    if not sender:
        return POSTMASTER, _a_labels(helo)
    local, _, domain = sender.rpartition("@")
    return local or POSTMASTER, _a_labels(domain)


def _a_labels(domain: str) -> str:
    """RFC 8616 §4: U-labels become A-labels before SPF looks at them. What has none stays as it is."""
    if domain.isascii():
        return domain
    try:
        return to_ascii(domain)
    except InvalidDomain:
        return domain


def _is_checkable(domain: str) -> bool:
    """RFC 7208 §4.3: a well-formed name of several labels; an address literal is none."""
    try:
        name = canonical_name(domain)
    except ValueError:
        return False
    return "." in name and name.isprintable() and not _SPECIALS & set(name)


class _Budget:
    """RFC 7208 §4.6.4: what one check may spend, whatever records it leads through."""

    def __init__(self) -> None:
        self.lookups = 0
        self.voids = 0

    def term(self) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUP_TERMS:
            raise Stop(Result.PERMERROR, Cause.LOOKUP_LIMIT)

    def void(self) -> None:
        self.voids += 1
        if self.voids > MAX_VOID_LOOKUPS:
            raise Stop(Result.PERMERROR, Cause.VOID_LIMIT)


class _Check:
    """One run of check_host: the client, the budget and the trace that all its records share."""

    def __init__(self, resolver: Resolver, ip: IPAddress, client: MacroContext, clock: Callable[[], float]) -> None:
        self._resolver = resolver
        self._ip = ip
        self._client = client
        self._clock = clock
        self._budget = _Budget()
        self._rdtype = "A" if isinstance(ip, IPv4Address) else "AAAA"
        self.trace = Trace()

    async def start(self, domain: str) -> _Verdict:
        """The check of the sender's own domain."""
        if not _is_checkable(domain):
            return _Verdict(Result.NONE, Cause.MALFORMED_DOMAIN)
        with self.trace.step(domain, "", None, 0) as step:
            record = await self._record(domain, step)
            step.outcome = StepOutcome.NO_MATCH if record is None else StepOutcome.MATCH
        return await self._evaluate(record, domain, 0)

    async def explain(self, verdict: _Verdict, deadline: float) -> str | None:
        """RFC 7208 §6.2: the domain's words for a fail; anything amiss and there are none."""
        if verdict.exp is None:
            return None
        try:
            async with asyncio.timeout_at(deadline):
                return await self._explanation(verdict.exp, verdict.domain)
        except TimeoutError:
            return None

    async def _explanation(self, exp: MacroString, domain: str) -> str | None:
        name = target_name(await self._expand(exp, domain))
        if name is None:
            return None
        answer = await self._ask(name, "TXT")
        if answer.status is not Status.OK or len(answer.records) != 1:
            return None
        string, faults = scan(answer.records[0], explanation=True)  # a character outside ASCII is a fault too
        return None if faults else await self._expand(string, domain)

    async def _record(self, domain: str, step: OpenStep) -> SpfRecord | None:
        """The one record of a domain, RFC 7208 §4.4 to §4.6."""
        answer = step.note(await self._ask(domain, "TXT"))
        if not answer.answered:
            raise Stop(Result.TEMPERROR, Cause.UNANSWERED)
        texts = [text for text in answer.records if is_spf(text)]
        if not texts:
            return None
        if len(texts) > 1:
            raise Stop(Result.PERMERROR, Cause.SEVERAL_RECORDS)
        record = parse(texts[0])
        if record.faults:  # RFC 7208 §4.6: anywhere in the record, also after the term that would match
            raise Stop(Result.PERMERROR, Cause.SYNTAX)
        return record

    async def _evaluate(self, record: SpfRecord | None, domain: str, depth: int) -> _Verdict:
        if record is None:
            return _Verdict(Result.NONE, Cause.NO_RECORD)
        for term in record.reached:
            if await self._term_matches(term, domain, depth):
                exp = record.modifier("exp")
                return _Verdict(_RESULTS[term.qualifier], Cause.MATCH, domain, exp.value if exp else None)
        if record.redirect is not None:
            return await self._redirect(record.redirect, domain, depth)
        return _Verdict(Result.NEUTRAL, Cause.NO_MATCH)  # RFC 7208 §4.7

    async def _redirect(self, term: Modifier, domain: str, depth: int) -> _Verdict:
        """RFC 7208 §6.1: the target's record instead of this one, its explanation included."""
        with self.trace.step(domain, term.text, term.span, depth) as step:
            self._count(step)
            target = target_name(await self._expand(term.value, domain))
            record = None if target is None else await self._record(target, step)
            if target is None or record is None:
                raise Stop(Result.PERMERROR, Cause.REDIRECT_WITHOUT_RECORD)
            step.outcome = StepOutcome.MATCH
        return await self._evaluate(record, target, depth + 1)

    async def _term_matches(self, term: Mechanism, domain: str, depth: int) -> bool:
        with self.trace.step(domain, term.text, term.span, depth) as step:
            self._count(step, counts=term.kind in QUERYING)
            matches = await self._mechanism(term, domain, step)
            step.voids = self._budget.voids
            step.outcome = StepOutcome.MATCH if matches else StepOutcome.NO_MATCH
            return matches

    def _count(self, step: OpenStep, *, counts: bool = True) -> None:
        step.voids = self._budget.voids
        step.lookups = self._budget.lookups + counts
        if counts:
            self._budget.term()

    async def _mechanism(self, term: Mechanism, domain: str, step: OpenStep) -> bool:
        if term.kind is Kind.ALL:
            return True
        if term.network is not None:
            return self._ip.version == term.network.version and self._ip in term.network
        target = target_name(domain if term.domain is None else await self._expand(term.domain, domain))
        if term.kind is Kind.INCLUDE:
            return await self._include(target, step)
        if target is None:  # RFC 7208 §4.8 leaves it open; a name that cannot exist matches nothing
            return False
        if term.kind is Kind.EXISTS:
            return bool(await self._found(target, "A", step))  # RFC 7208 §5.7: A, for IPv6 clients too
        if term.kind is Kind.PTR:
            return await self._ptr(target, step)
        if term.kind is Kind.MX:
            return await self._mx(target, term, step)
        return self._within(await self._found(target, self._rdtype, step), term)

    async def _include(self, target: str | None, step: OpenStep) -> bool:
        """RFC 7208 §5.2, the table."""
        record = None if target is None else await self._record(target, step)
        if target is None or record is None:
            raise Stop(Result.PERMERROR, Cause.INCLUDE_WITHOUT_RECORD)
        verdict = await self._evaluate(record, target, step.depth + 1)
        return verdict.result is Result.PASS

    async def _mx(self, target: str, term: Mechanism, step: OpenStep) -> bool:
        records = await self._found(target, "MX", step)
        if len(records) > MAX_MX_NAMES:  # said before any of them is asked: the order of an RRset means nothing
            raise Stop(Result.PERMERROR, Cause.MX_LIMIT)
        for host in mx_hosts(records):
            if self._within(await self._found(host, self._rdtype, step), term):
                return True
        return False

    async def _ptr(self, target: str, step: OpenStep) -> bool:
        """RFC 7208 §5.5. An error of DNS is no match, and only a name that could match is validated."""
        pointers = step.note(await self._ask(self._ip.reverse_pointer, "PTR"))
        if pointers.answered and not pointers.records:
            self._budget.void()
        for name in _pointer_names(pointers):
            if _is_below(name, target):
                answer = step.note(await self._ask(name, self._rdtype))
                if answer.answered and not answer.records:
                    self._budget.void()
                if self._is_client(answer):
                    return True
        return False

    async def _found(self, name: str, rdtype: str, step: OpenStep) -> tuple[str, ...]:
        """The records of a name that a term rests on; no answer is temperror, nothing found a void lookup.

        Whether the follow-up lookups of `mx` and `ptr` count as void is read both ways; here they do, as in the
        reference implementation of the public test suite.
        """
        answer = step.note(await self._ask(name, rdtype))
        if not answer.answered:
            raise Stop(Result.TEMPERROR, Cause.UNANSWERED)
        if not answer.records:
            self._budget.void()
        return answer.records

    def _within(self, addresses: Iterable[str], term: Mechanism) -> bool:
        given = term.prefix4 if self._rdtype == "A" else term.prefix6
        ignored = self._ip.max_prefixlen - (self._ip.max_prefixlen if given is None else given)
        return any(int(ip_address(text)) >> ignored == int(self._ip) >> ignored for text in addresses)

    def _is_client(self, answer: Answer) -> bool:
        return any(ip_address(text) == self._ip for text in answer.records)

    async def _expand(self, string: MacroString, domain: str) -> str:
        context = replace(self._client, domain=domain)
        if "p" in string.letters:
            context = replace(context, validated=await self._validated_name(domain))
        if "t" in string.letters:
            context = replace(context, now=int(self._clock()))
        text = expand(string, context)
        if context.local is None and not _can_be_filled(string, text):
            raise Stop(Result.TEMPERROR, Cause.LOCAL_PART)
        return text

    async def _validated_name(self, domain: str) -> str:
        """RFC 7208 §7.3, letter p: the domain itself, else a name below it, else any that validates."""
        names = _pointer_names(await self._ask(self._ip.reverse_pointer, "PTR"))
        wanted = domain.lower()
        for name in sorted(names, key=lambda n: (n.lower() != wanted, not _is_below(n, wanted))):
            if self._is_client(await self._ask(name, self._rdtype)):
                return name
        return "unknown"

    async def _ask(self, name: str, rdtype: str) -> Answer:
        try:
            return await self._resolver.resolve(name, rdtype)
        except ValueError:  # a name that DNS cannot carry does not exist
            return Answer(name=name, rdtype=rdtype, status=Status.NXDOMAIN)


def _can_be_filled(string: MacroString, text: str) -> bool:
    """Whether `text`, whose macros of the local part stand for themselves, leads to the name that was meant."""
    ours = sum(isinstance(part, Macro) and part.letter.lower() in LOCAL_PART_LETTERS for part in string.parts)
    if placeholders(text) != ours:  # %%{l} is a text of that form, and none
        return False
    return not ours or len(text) <= MAX_TARGET_OCTETS


def mx_hosts(records: Iterable[str]) -> list[str]:
    """The hosts of MX records by preference; the null MX (RFC 7505 §3) names none."""
    pairs = [record.split(" ", 1) for record in records]
    hosts = [host.removesuffix(".") for _, host in sorted(pairs, key=lambda pair: (int(pair[0]), pair[1]))]
    return [host for host in hosts if host]


def _pointer_names(answer: Answer) -> list[str]:
    return [name.removesuffix(".") for name in answer.records[:MAX_PTR_NAMES]]


def _is_below(name: str, domain: str) -> bool:
    """Whether `name` is `domain` or ends in it at a label's edge."""
    return f".{name.lower()}".endswith(f".{domain.lower()}")
