"""Is that good? What is wrong with the writing of a DKIM key record."""

from __future__ import annotations

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed, unknown
from deliverability.checks._dkim import NAME_IT, Place, nothing_found, places, tag_evidence, worst
from deliverability.findings import Action, Evidence, Judgement, RecordChange, Severity, Subject
from deliverability.protocols.dkim import DkimFacts, Effect, KeyRecord, Problem, ProblemKind, clean
from deliverability.sources import rfc

SEVERITIES = {Effect.REFUSED: Severity.CRITICAL, Effect.DIVIDED: Severity.HIGH, Effect.ACCEPTED: Severity.LOW}
"""By what verifiers do with the record."""

_CASES = {
    (ProblemKind.BAD_BASE64, "length"): "cut_base64",
    (ProblemKind.BAD_KEY, "truncated"): "truncated",
    (ProblemKind.BAD_KEY, "other_algorithm"): "other_algorithm",
    (ProblemKind.BAD_KEY, "ed25519_as_rsa"): "ed25519_as_rsa",
    (ProblemKind.BAD_KEY, "ed25519_in_spki"): "ed25519_in_spki",
    (ProblemKind.BAD_KEY, "ed25519_length"): "ed25519_length",
    (ProblemKind.BAD_KEY, "rsa_as_ed25519"): "rsa_as_ed25519",
}
"""Where one kind of problem has several repairs."""


@check(
    "dkim-key-syntax",
    Severity.CRITICAL,
    rfc(6376, "3.6.1"),
    rfc(6376, "3.2"),
    rfc(8463, "4.2"),
    titles={
        "pass": "The key record at {selector} reads cleanly",
        "not_a_key": "The text at {selector} is no DKIM key",
        "target_in_txt": "{selector} holds a host name as text where the provider expects an alias",
        "bad_version": "The record at {selector} has a version other than DKIM1, so verifiers discard it",
        "version_not_first": "v=DKIM1 at {selector} stands behind other tags; it has to come first",
        "duplicate_tag": "The tag {detail}= occurs twice at {selector}, which makes the whole record invalid",
        "malformed_tag": "The record at {selector} holds text that is no tag=value",
        "empty_tag": "The record at {selector} has two semicolons with nothing between them",
        "missing_key": "The record at {selector} has no p= tag, so it holds no key",
        "pasted_quotes": "Quotation marks were pasted into the record at {selector} ({count} {count:place|places})",
        "escaped_semicolon": "Backslashes were pasted into the record at {selector} ({count} {count:place|places})",
        "no_break_space": "No-break spaces were pasted into the record at {selector} ({count} {count:place|places})",
        "stray_character": "The record at {selector} holds characters outside ASCII ({count} {count:place|places})",
        "key_whitespace": "White space inside the key at {selector} ({count} {count:place|places}) is legal",
        "bad_base64": "The key at {selector} holds characters that are not base64",
        "cut_base64": "The key at {selector} is one character short or long: no base64 has this length",
        "bad_padding": "The key at {selector} has the wrong number of = signs at its end",
        "bad_key": "What p= holds at {selector} does not decode to a public key",
        "truncated": "The key at {selector} breaks off before its end",
        "other_algorithm": "The key at {selector} is not an RSA key, although the record says so",
        "ed25519_as_rsa": "The key at {selector} is an Ed25519 key, but the record says RSA",
        "ed25519_in_spki": "The Ed25519 key at {selector} is wrapped in ASN.1; the bare 32 octets belong here",
        "ed25519_length": "The Ed25519 key at {selector} is not 32 octets long",
        "rsa_as_ed25519": "The key at {selector} is an RSA key, but the record says Ed25519",
        "bare_rsa_key": "The RSA key at {selector} lacks its outer wrapping, which many verifiers need",
        "trailing_octets": "Behind the key at {selector} stands what does not belong to it (octets: {detail})",
        "old_granularity": "The record at {selector} has a g= tag, which only verifiers from before 2011 obey",
    },
    fixes={
        "not_a_key": "Publish at this name the TXT record that your signer or provider prints, and nothing else.",
        "target_in_txt": "Delete the TXT record and publish a CNAME record with that host as its target.",
        "bad_version": "Begin the record with exactly v=DKIM1, capitals included, and a semicolon after it.",
        "version_not_first": "Move v=DKIM1 to the start of the record.",
        "duplicate_tag": "Keep one of the two tags; a record that was pasted twice keeps one of its halves.",
        "malformed_tag": "Separate the tags with semicolons, and take out whatever is not name=value.",
        "empty_tag": "Take out the surplus semicolon.",
        "missing_key": "Add the p= tag with the public key; p= is lower case.",
        "pasted_quotes": "Publish the value without quotation marks: the DNS editor adds those it needs.",
        "escaped_semicolon": "Publish plain semicolons: the backslash belongs to zone files, not to DNS editors.",
        "no_break_space": "Type the spaces by hand, or paste through a plain text editor.",
        "stray_character": "Copy the record again from the source, as plain text.",
        "key_whitespace": "Take the white space out of p= when you next touch the record.",
        "bad_padding": "Paste the end of the key again, with its = signs.",
        "bare_rsa_key": "Publish the key as SubjectPublicKeyInfo: openssl rsa -pubout writes that form.",
        "ed25519_as_rsa": "Write k=ed25519.",
        "ed25519_in_spki": "Publish the last 32 octets of the key alone, in base64: 44 characters.",
        "rsa_as_ed25519": "Write k=rsa.",
        "old_granularity": "Remove the g= tag.",
    },
    settle=NAME_IT,
)
def dkim_key_syntax(subject: Subject, dkim: DkimFacts) -> Judgements:
    """Every DKIM key record can be read by verifiers.

    Why it matters: a verifier that cannot read the key treats the signature as broken, however well the mail was
    signed.

    How to fix: copy the whole key again from the signer or provider; it was cut or changed on its way into DNS.
    """
    return [_judge_place(place) for place in places(dkim)] or nothing_found(dkim, subject)


def _judge_place(place: Place) -> Judgement:
    if not place.answer.answered:
        return unknown(place.answer, subject=place.subject)
    return worst([_judge(place, record) for record in place.keys or place.records])


def _judge(place: Place, record: KeyRecord) -> Judgement:
    if record.revoked and not record.problems:
        return not_applicable(place.subject)
    if not record.problems:
        return passed(place.subject, selector=place.subject, evidence=tag_evidence(place, record, "p"))
    leading = min(record.problems, key=lambda problem: list(Effect).index(problem.effect))
    return failed(
        place.subject,
        case=_CASES.get((leading.kind, leading.detail), leading.kind.value),
        severity=SEVERITIES[leading.effect],
        evidence=tuple(_evidence(place, record, problem) for problem in record.problems),
        records=_repair(place, record, leading),
        selector=place.subject,
        detail=leading.detail,
        count=sum(problem.kind is leading.kind for problem in record.problems),
        problems=sorted({problem.kind.value for problem in record.problems}),
    )


def _evidence(place: Place, record: KeyRecord, problem: Problem) -> Evidence:
    note = problem.kind.value.replace("_", " ")
    return Evidence("dkim_tag", place.answer.name, "TXT", record.text, problem.span, note)


def _repair(place: Place, record: KeyRecord, leading: Problem) -> tuple[RecordChange, ...]:
    """The cleaned record where it then is a key; at an alias or below a wildcard the record is not at this name."""
    if place.answer.cname_chain or place.subject != place.answer.name:
        return ()
    if leading.kind is ProblemKind.TARGET_IN_TXT and len(place.records) > 1:
        return ()  # RFC 1034 §3.6.2: what else stands here could not stay beside the alias
    if leading.kind is ProblemKind.TARGET_IN_TXT:
        target = record.text.strip().rstrip(".").lower() + "."
        return (
            RecordChange(Action.REMOVE, place.subject, "TXT", old=record.text),
            RecordChange(Action.ADD, place.subject, "CNAME", value=target),
        )
    cleaned = clean(record.text)
    if cleaned is None:
        return ()
    return (RecordChange(Action.REPLACE, place.subject, "TXT", old=record.text, value=cleaned),)
