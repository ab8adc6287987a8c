"""What a domain is used for, as far as its records and the caller's inputs say."""

from __future__ import annotations

from deliverability.findings import Role, Subject
from deliverability.lookup import Answer
from deliverability.protocols.spf import is_spf


def role_of(domain: str, txt: Answer, mx: Answer, *, asked: str = "auto", inputs: tuple[str, ...] = ()) -> Subject:
    """The role of `domain` by the rules of the published contract.

    `txt` and `mx` are the domain's own answers; `asked` is the caller's --role; `inputs` names the inputs that say it
    sends (selectors, addresses). A domain with no mail record at all counts as sending: unprotected is not parked.
    """
    if asked != "auto":
        return Subject(domain, Role(asked), "given with --role or in deliv.toml")
    if inputs:
        return Subject(domain, Role.SENDING, f"deliv was given {', '.join(inputs)}")
    unanswered = [a.rdtype for a in (txt, mx) if not a.answered]
    if unanswered:
        return Subject(domain, Role.SENDING, f"assumed: no answer for {' and '.join(unanswered)}")
    return _by_records(domain, _spf_terms(txt), mx)


def _by_records(domain: str, spf: list[str] | None, mx: Answer) -> Subject:
    hosts = [record for record in mx.records if not _is_null(record)]
    null = bool(mx.records) and not hosts
    if spf == ["-all"]:
        if hosts:
            return Subject(domain, Role.RECEIVING, "it has mail servers (MX), and its SPF record is `-all`")
        return Subject(domain, Role.PARKED, "its SPF record is exactly `v=spf1 -all`, and nothing says that it sends")
    if null and _authorises_nobody(spf):
        return Subject(domain, Role.PARKED, "its MX is null, and nothing says that it sends")
    return Subject(domain, Role.SENDING, "nothing says that it does not send")


def _is_null(record: str) -> bool:
    # RFC 7505 §3: the target of a null MX is the root; the preference says nothing
    return record.split()[-1:] == ["."]


def _spf_terms(txt: Answer) -> list[str] | None:
    records = [text for text in txt.records if is_spf(text)]
    return records[0].lower().split()[1:] if len(records) == 1 else None


def _authorises_nobody(spf: list[str] | None) -> bool:
    return spf is None or all(term in {"-all", "~all", "?all"} for term in spf)
