"""What is known of a message's authentication: who handed it over, each signature, SPF, DMARC and the ARC chain."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer
from deliverability.mail.authenticate.states import Chain, DmarcVerdict, Identity, State
from deliverability.protocols.dmarc.discover import Discovery
from deliverability.protocols.spf.trace import CheckResult, Result


class Source(StrEnum):
    """Where connection data comes from."""

    GIVEN = "given"
    """The caller's arguments."""
    SMTP = "smtp"
    """The SMTP dialogue itself, seen by deliv's own receiver."""
    RECEIVED = "received"
    """The topmost Received field, of a host that the caller trusts."""
    RESULTS = "authentication-results"
    """An Authentication-Results field of an authserv-id that the caller trusts."""
    SPF = "received-spf"
    """A Received-SPF field of a receiver that the caller trusts."""
    NOTHING = "nothing"
    """Nothing that can be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Who handed the message over. What is not known is None; `mail_from` is "" for the null reverse-path.

    Args:
        ip: the client's address.
        helo: what it said in HELO or EHLO.
        mail_from: the domain of MAIL FROM, without its local part: bounce addresses carry the recipient's.
        knows_local: whether its local part was known, and DNS was asked with it; it stands nowhere among the facts.
        source: a word of `Source`: where ip comes from (or, where there is none, helo and mail_from).
        why: in one line, why that is believed, or why nothing is.
        arrived: when it was handed over, in seconds since 1970, where that source tells.
    """

    ip: str | None = None
    helo: str | None = None
    mail_from: str | None = None
    knows_local: bool = False
    source: str = Source.NOTHING.value
    why: str = ""
    arrived: float | None = None


class Field(StrEnum):
    """The header fields that carry a signature."""

    DKIM = "dkim-signature"
    MESSAGE = "arc-message-signature"
    SEAL = "arc-seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature field as it was read from the message. Plain values alone: a document carries it.

    `text` is the field's value on one line, without `z=` and without the local part of `i=`; `spans` are the places in
    it of the tags' values. `signed` are the names of `h=` in lower case. `signed_at` and `expires_at` are seconds since
    1970 (t=, x=), `validation` is the seal's cv=.
    `fault` says in one word what makes it unreadable or unfit, "" where nothing does; `detail` names the tag.
    """

    index: int
    field: str
    text: str
    instance: int = 0
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    canonicalization: tuple[str, str] = ("simple", "simple")
    identity_domain: str = ""
    signed: tuple[str, ...] = ()
    body_length: int | None = None
    signed_at: int | None = None
    expires_at: int | None = None
    validation: str = ""
    spans: tuple[tuple[str, int, int], ...] = ()
    fault: str = ""
    detail: str = ""
    body_matches: bool | None = None
    unsigned_octets: int = 0
    unsigned_fields: tuple[str, ...] = ()
    """Fields of the message that `h=` names less often than they stand in it: they are not (all) protected."""
    addable_fields: tuple[str, ...] = ()
    """Fields that people see and `h=` does not name once more than they stand in the message: another can be added."""

    @property
    def key_name(self) -> str:
        """Where the key is kept; RFC 6376 §3.6.2.1."""
        return f"{self.selector}._domainkey.{self.domain}".lower()

    def span(self, tag: str) -> tuple[int, int] | None:
        """Where the value of `tag` stands in `text`."""
        return next(((start, end) for name, start, end in self.spans if name == tag), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMail:
    """Everything of a message that its signatures are judged by, and nothing else of it: a document carries it.

    `left_out` counts signatures beyond the bound; `chain_fault` says what is wrong with the build of the ARC chain
    (RFC 8617 §5.2 step 3), "" where nothing is or there is none; `instances` is the highest instance of ARC.
    """

    signatures: tuple[Signature, ...] = ()
    left_out: int = 0
    instances: int = 0
    chain_fault: str = ""
    too_large: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verification said of one signature with one key. `key` is the SHA-256 of the key record in hexadecimal."""

    index: int
    key: str
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a document keeps of a message's signatures, so that they can be judged again without the message."""

    mail: SignedMail = SignedMail()
    verified: tuple[Verified, ...] = ()


class Verifier(Protocol):
    """Judges a message's signatures with keys that are handed in; asks nobody."""

    @property
    def mail(self) -> SignedMail:
        """What was read of the message."""
        ...

    def verify(self, index: int, record: str) -> bool | None:
        """Whether the signature is that of the key in `record` (the TXT text). None: the message is not at hand.

        Never raises, whatever the message and the record.
        """
        ...

    def kept(self) -> Kept:
        """What was read and every verification so far, for `RememberedVerifier`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureResult:
    """One signature with its key and what it came to. `detail` says in a word which variety of `state` it is.

    `aligned` says that its domain and the (first) domain of From have one Organizational Domain (RFC 9989 §4.4.1), None
    where DNS did not say; `strictly_aligned` that they are equal. `key_text` is the record that it was verified with.
    """

    signature: Signature
    state: State
    detail: str = ""
    key: Answer | None = None
    key_text: str | None = None
    key_bits: int | None = None
    testing: bool = False
    aligned: bool | None = False
    strictly_aligned: bool = False

    @property
    def valid(self) -> bool:
        """Whether it verifies."""
        return self.state is State.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcFacts:
    """The ARC chain of `instances` sets; `fault` says in a word why it fails or is unknown, `at` in which set."""

    status: Chain
    fault: str = ""
    at: int = 0
    instances: int = 0
    seals: tuple[SignatureResult, ...] = ()
    messages: tuple[SignatureResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfResult:
    """SPF for one identity. `check` is None where its input is lacking, which `lacks` then names.

    `local_part` says that the record asks for the sender's local part, and that the result may differ by it: it was
    not told, or an answer could not be kept without it.
    `unanswered` are the answers for want of which the result is temperror.
    """

    identity: Identity
    domain: str = ""
    check: CheckResult | None = None
    lacks: str = ""
    local_part: bool = False
    aligned: bool | None = False
    unanswered: tuple[Answer, ...] = ()

    @property
    def result(self) -> Result | None:
        """The result; None where it could not be evaluated."""
        return self.check.result if self.check is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcResult:
    """DMARC for one domain of From. `aligned_by` are the identifiers that pass and align (`dkim:d.example`, `spf:…`).

    `passing` are all that pass, aligned or not. `legacy` is the verdict of an RFC 7489 reader, `legacy_aligned_by` what
    aligns for it. `alignment` is the same without regard to a record: `pass`, `fail` or `unknown`. `lacks` says what
    could have decided: `connection`, `answer` or `message`, "" where nothing.
    """

    domain: str
    verdict: DmarcVerdict
    alignment: DmarcVerdict
    discovery: Discovery
    aligned_by: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    legacy: DmarcVerdict
    legacy_aligned_by: tuple[str, ...] = ()
    lacks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationFacts:
    """All that a receiver would find of one message. `dkim` are its DKIM signatures from the top."""

    from_domains: tuple[str, ...]
    connection: Connection
    dkim: tuple[SignatureResult, ...]
    left_out: int
    spf: tuple[SpfResult, ...]
    dmarc: tuple[DmarcResult, ...]
    arc: ArcFacts
    too_large: str = ""

    @property
    def aligned_signatures(self) -> tuple[SignatureResult, ...]:
        """The DKIM signatures that verify and whose domain is aligned with From."""
        return tuple(one for one in self.dkim if one.valid and one.aligned is True)

    @property
    def undecided_signatures(self) -> tuple[SignatureResult, ...]:
        """Those that could be valid and aligned if somebody had been able to look."""
        seen = [one for one in self.dkim if one.valid or one.state.is_unknown]
        return tuple(one for one in seen if one.aligned is None or (one.aligned and not one.valid))

    def signed_headers(self) -> frozenset[str]:
        """The field names, in lower case, that a valid and aligned signature covers (RFC 8058 §4)."""
        return frozenset(name for one in self.aligned_signatures for name in one.signature.signed)
