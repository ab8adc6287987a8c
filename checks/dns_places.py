"""The names that mail records stand at: where receivers look for them, and where they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deliverability.checks._check import Judgements, check, failed, informed, passed, unknown
from deliverability.checks.dns_texts import stops_no_mail
from deliverability.fastclass import dataclass
from deliverability.findings import Action, Evidence, Judgement, RecordChange, Severity
from deliverability.lookup.answer import Answer
from deliverability.names import registrable
from deliverability.protocols.domain import DomainFacts
from deliverability.protocols.texts import RecordKind, is_protective, kind_of, meant_as, name_as_text
from deliverability.sources import rfc


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A mail record's text where no reader looks. `right` is where it belongs, None if that cannot be told."""

    case: str
    name: str
    text: str
    kind: RecordKind
    right: str | None
    remove: RecordChange


@check(
    "dns-record-misplaced",
    Severity.HIGH,
    rfc(8552, "4"),
    rfc(9989, "4.7"),
    rfc(6376, "3.6.2.1"),
    titles={
        "pass": "Mail records stand at the names where receivers look for them",
        "fail": "{kind} text stands at {name}, where no receiver looks for it",
        "elsewhere": "{kind} text stands at {name}; receivers read it at {right}",
        "doubled": "{kind} text stands at {name}: the domain's own name got appended once more",
        "leftover": "{kind} text stands at {name} besides the record that receivers read at {right}",
        "occupied": "{kind} text stands at {name}; receivers read it at {right}, which is an alias (CNAME)",
        "alias": "{name} is an alias (CNAME) whose target is {kind} text",
        "aside": "SPF text stands at {name}, and the domain itself has no SPF record",
    },
    fixes={
        "elsewhere": "Move the record to {right}.",
        "doubled": "Move the record to {right}: in this form the provider appends the domain itself.",
        "occupied": "Decide for {right}: the text in place of the alias there, or the alias and what it leads to.",
        "leftover": "Remove the text at {name}; it has no effect.",
        "alias": "Replace the CNAME at {name} by a TXT record with the same text.",
    },
)
def dns_record_misplaced(domain: DomainFacts) -> Judgements:
    """DMARC, DKIM and SPF texts stand where receivers look for them.

    Why it matters: a record at another name, or inside an alias, protects nothing while it looks as if it did.

    How to fix: find out which selector or host the text was meant for, and publish it there.
    """
    found: dict[str, Misplaced] = {}
    for misplaced in (*_in_aliases(domain), *_in_texts(domain)):
        found.setdefault(misplaced.name, misplaced)
    judged = [_misplacement(domain, misplaced) for misplaced in found.values()]
    silent = [a for a in domain.texts if not a.answered and not a.cname_chain]
    if judged:
        return judged
    return unknown(*silent) if silent else _aside(domain) or passed()


def _aside(domain: DomainFacts) -> Judgement | None:
    """SPF is read at any name that sends or is included, so SPF text at `_spf` is a fault only by what is missing."""
    if any(meant_as(text) is RecordKind.SPF for text in domain.at("TXT").records):
        return None
    for label in ("_spf", "spf"):
        answer = domain.text_at(f"{label}.{domain.domain}")
        if answer and not _from_wildcard(domain, answer):
            texts = [text for text in answer.records if meant_as(text) is RecordKind.SPF]
            if texts:
                rows = tuple(Evidence("dns_answer", answer.name, "TXT", text) for text in texts)
                return informed(case="aside", name=answer.name, evidence=rows)
    return None


def _in_aliases(domain: DomainFacts) -> Iterator[Misplaced]:
    """Aliases whose target is a record's text."""
    written = {alias.name: alias.records[0] for alias in domain.aliases if alias.records}
    chains = {a.name: f"{a.cname_chain[0]}." for a in domain.texts if a.cname_chain}
    for name, target in {**chains, **written}.items():
        text = _as_written(name_as_text(target), domain.domain)
        kind = meant_as(text)
        if kind is not None:
            yield Misplaced("alias", name, text, kind, name, RecordChange(Action.REMOVE, name, "CNAME", old=target))


def _as_written(target: str, domain: str) -> str:
    """A target without the domain that a master file appends to it: `v=DMARC1;p=none` + `.example.com`."""
    text = target
    for origin in _origins(domain):
        inner = target.removesuffix(f".{origin}")
        host = inner.rpartition("@")[2]
        # an address before the domain is whole only if a dot is left in its own domain
        if inner != target and ("@" not in inner or "." in host):
            text = inner
            break
    return _DMARC_VERSION.sub("v=DMARC1", text)  # RFC 9989 §4.7: in these letters only, which names do not keep


_DMARC_VERSION = re.compile("^v=dmarc1", re.IGNORECASE)


def _origins(domain: str) -> Iterator[str]:
    """The zones that `domain` may stand in: itself and its parents, as far as somebody can register them."""
    while registrable(domain) is not None:
        yield domain
        domain = domain.partition(".")[2]


def _in_texts(domain: DomainFacts) -> Iterator[Misplaced]:
    """TXT records of one kind at a name of another."""
    targets = {name for answer in domain.texts for name in answer.cname_chain}
    for answer in domain.texts:
        if answer.cname_chain or answer.name in targets or _from_wildcard(domain, answer):
            continue
        for text in answer.records:
            kind = meant_as(text)
            if kind is RecordKind.DKIM and "p=" not in text:
                continue  # without a key it may be a policy of DomainKeys, which stood at `_domainkey` itself
            place = None if kind is None else _misplacement_of(domain, answer.name, kind)
            if kind is not None and place is not None:
                remove = RecordChange(Action.REMOVE, answer.name, "TXT", old=text)
                yield Misplaced(place[0], answer.name, text, kind, place[1], remove)


def _from_wildcard(domain: DomainFacts, answer: Answer) -> bool:
    """Whether a made-up name gets the same texts, and nobody published them here."""
    if answer.name == domain.domain or (domain.names is not None and answer.name in domain.names):
        return False
    return any(a.rdtype == "TXT" and a.records == answer.records for probe in domain.probes for a in probe.answers)


def _misplacement_of(domain: DomainFacts, name: str, kind: RecordKind) -> tuple[str, str | None] | None:
    """The case and the right name for a record of `kind` at `name`; None where it may well belong there."""
    right = {RecordKind.SPF: _right_for_spf, RecordKind.DMARC: _right_for_dmarc, RecordKind.DKIM: _right_for_key}[kind]
    if f".{name}".endswith(f".{domain.domain}.{domain.domain}"):
        whole = right(name.removesuffix(f".{domain.domain}"), domain)
        return "doubled" if whole else "fail", whole
    place = right(name, domain)
    return None if place == name else ("elsewhere" if place else "fail", place)


def _right_for_spf(name: str, domain: DomainFacts) -> str | None:  # noqa: ARG001
    """SPF is read at the name that sends (RFC 7208 §4.1): below `_dmarc` and `_domainkey` nothing does."""
    labels = name.split(".")
    under = max((i for i, label in enumerate(labels) if label in ("_dmarc", "_domainkey")), default=-1)
    return ".".join(labels[under + 1 :])


def _right_for_dmarc(name: str, domain: DomainFacts) -> str | None:
    """RFC 9989 §4.7: at `_dmarc`; RFC 9990: what stands below `_report._dmarc` allows reports."""
    first, _, rest = name.partition(".")
    if first == "_dmarc":
        return _right_for_dmarc(rest, domain) if rest.startswith("_dmarc.") else name
    if "_report._dmarc." in name:
        return name
    if "_domainkey" in name.split("."):
        return f"_dmarc.{name.rpartition('_domainkey.')[2]}"
    if first.strip("_") in _DMARC_SLIPS:
        return f"_dmarc.{rest}"
    # any other underscored name may be the target of aliases from zones that are not at hand
    return name if first.startswith("_") or first == "*" else f"_dmarc.{name}"


_DMARC_SLIPS = frozenset({"dmarc", "dmark", "demarc", "dmrac", "damrc", "dmac", "dmarc1", "domarc"})
"""`_dmarc` without its underscore, or mistyped."""
_KEY_SLIPS = frozenset({"domainkey", "_domainkeys", "domainkeys", "_domainkey_", "_domaikey", "_domankey"})
"""`_domainkey` without its underscore, or mistyped."""


def _right_for_key(name: str, domain: DomainFacts) -> str | None:
    """RFC 6376 §3.6.2.1: at `<selector>._domainkey`; without a selector there is no right name to tell."""
    labels = name.split(".")
    # RFC 4592 §2.1.1: a wildcard further up answers for selectors as well
    if labels[0] == "*" or "_domainkey" in labels[1:]:
        return name
    slip = next((i for i, label in enumerate(labels) if i and label in _KEY_SLIPS), None)
    if slip is not None:
        return ".".join((*labels[:slip], "_domainkey", *labels[slip + 1 :]))
    if name == domain.domain or labels[0] in ("_domainkey", "_dkim", "dkim", "_dmarc", *_KEY_SLIPS):
        return None
    # deeper names hold keys that other zones' aliases point at; `s1.example.com` is a forgotten `._domainkey`
    direct = name.partition(".")[2] == domain.domain
    return f"{labels[0]}._domainkey.{domain.domain}" if direct else name


def _misplacement(domain: DomainFacts, found: Misplaced) -> Judgement:
    there = domain.text_at(found.right) if found.right and found.case != "alias" else None
    leftover = there is not None and any(meant_as(text) is found.kind for text in there.records)
    # a revoked key that nobody finds revokes nothing, and harms nothing either
    harmless = leftover or (
        found.kind is RecordKind.DKIM and kind_of(found.text) is not None and is_protective(found.text)
    )
    add: tuple[RecordChange, ...] = ()
    clear = there is None or (there.answered and not there.cname_chain)
    if found.right and clear and not leftover and kind_of(found.text) is found.kind:
        add = (RecordChange(Action.ADD, found.right, "TXT", value=found.text),)
    return failed(
        found.name,
        case="leftover" if leftover else "occupied" if there and there.cname_chain else found.case,
        severity=Severity.LOW if harmless else None,
        name=found.name,
        kind=found.kind.value,
        right=found.right,
        evidence=(Evidence("dns_answer", found.name, found.remove.type, found.text, (0, len(found.text))),),
        records=(found.remove, *add) if leftover or add else (),
        safe=stops_no_mail(found.text) or leftover,
    )
