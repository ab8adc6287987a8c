"""The reason behind a receiver's reply, in the order of evidence of events, §2.

The receiver's own text > any server's text > the enhanced code > the reply code > the sending service's class. Codes
are worth so little because they lie so often: blocks come as 5.1.1, full mailboxes as 5.0.0, unknown users as 450. The
texts and the codes, with their sources, are `replies.csv` and `codes.csv`, read when the first reply is classified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from deliverability.events.phrases import Found, Phrasebook, folded, words
from deliverability.events.reasons import KINDS, Action, Blame, Persistence, Reason
from deliverability.fastclass import dataclass

MAX_TEXT = 4096
"""Characters of a reply that are read; RFC 5321 §4.5.3.1.5 allows 512 octets a line, and replies run to some lines."""
MAX_HOST = 512
"""Characters before a host's reply in which its name is looked for."""
REMEMBERED = 16_384
"""Replies remembered, addresses, numbers and codes aside: one receiver says the same thing to thousands."""

_CODE = r"[245]\.\d{1,3}\.\d{1,3}"
_NUMBERS = re.compile(
    r"(\d(?<![\w.]\d)(?:"
    r"(?<=[245])\.\d{1,3}\.\d{1,3}(?!\d|\.\d)"  # an enhanced code
    r"|(?<=[245])\d\d(?=[- ]|$)"  # a reply code, or another number of its size
    r"|\d{0,2}(?:\.\d{1,3}){3}))"  # an IPv4 address
)
_ADDRESS = re.compile(r"[^/;:=,?&\"'(){}\[\]<>@]{0,64}@[^/;:,?&\"'(){}\[\]<>]{0,255}")
_IPV6 = re.compile(r"(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}")
_WRAPPED = re.compile(rf"{_CODE} - (?:unknown address error|other mail system problem)")
"""What Cisco's gateways put before a reply that they pass on, whatever it says."""
_STATUS = re.compile(rf"\s*({_CODE})(?!\d|\.\d)")
_BEFORE_REPLY = (":", ";", "(", ">", "'", "<", "]", " said", "smtp")
"""What a reply code stands behind; other numbers stand behind words."""

_RECEIVERS: Mapping[str, str] = {
    "gsmtp": "gmail",
    "google": "gmail",
    "googlemail": "gmail",
    "gmail": "gmail",
    "outlook": "microsoft",
    "hotmail": "microsoft",
    "live": "microsoft",
    "yahoodns": "yahoo",
    "yahooinc": "yahoo",
    "yahoo": "yahoo",
    "verizonmedia": "yahoo",
    "icloud": "apple",
    "apple": "apple",
    "gmx": "gmx",
    "nemesis": "gmx",
    "kundenserver": "gmx",
}
"""A word of a reply → the receiver whose servers say it: those that give a code or a phrase a meaning of its own."""
_SAME: Mapping[str, str] = {
    "google": "gmail",
    "googlemail": "gmail",
    "outlook": "microsoft",
    "hotmail": "microsoft",
    "aol": "yahoo",
    "att": "yahoo",
    "icloud": "apple",
    "web.de": "gmx",
    "1und1": "gmx",
    "ionos": "gmx",
    "mail.com": "gmx",
}
"""Names of a mailbox provider that answers as another does."""


_PERSISTENCES = frozenset(Persistence)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a reply says.

    Attributes:
        reason: Why.
        persistence: What that says about the next mail to the address.
        blame: Who can mend it.
        confidence: "high", "medium" or "low".
        action: What to do.
        evidence: What spoke: the words of the text, a code, or the service's class. It holds no address.
    """

    reason: Reason
    persistence: Persistence
    blame: Blame
    confidence: str
    action: Action
    evidence: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A row of `replies.csv`. `only` says that the provider must be known to be speaking."""

    reason: Reason
    provider: str
    only: bool
    when: str
    confidence: str


def classify(
    text: str | None,
    *,
    status: str | None = None,
    reply_code: int | str | None = None,
    provider: str | None = None,
    hint: Reason | Persistence | str | None = None,
) -> Classification:
    """Return the reason behind a receiver's reply or a mail server's report.

    Args:
        text: What was said; the first `MAX_TEXT` characters are read. May hold codes and addresses.
        status: The enhanced status code (RFC 3463), as in the Status field of a DSN. One in the text is believed more.
        reply_code: The SMTP reply code. One in the text is believed more.
        provider: The mailbox provider (gmail, microsoft, yahoo, …), where known; else the text may tell.
        hint: The sending service's own class, as one of our reasons or a bare persistence; believed last.

    Returns:
        The reason and what follows from it. Never raises.
    """
    host, said = _split_host(_without_addresses(folded((text or "")[:MAX_TEXT])))
    pieces = _NUMBERS.split(said)
    enhanced = _most_telling([number for number in pieces[1::2] if number.count(".") == 2], status)
    reply = _reply(pieces) or _given(reply_code)
    who = provider.lower() if provider else _receiver(words(host)) if host else ""
    reading = _read(" ".join(pieces[::2]), enhanced, reply, _SAME.get(who, who))
    if hint and reading.reason is Reason.UNKNOWN:
        return _hinted(hint, reading)
    return reading


def _without_addresses(text: str) -> str:
    if "@" in text:
        text = " ".join([_ADDRESS.sub(" ", word) if "@" in word else word for word in text.split()])
    if text.count(":") > 4:
        text = _IPV6.sub(" ", text)
    return _WRAPPED.sub(" ", text) if " - " in text else text


def _split_host(text: str) -> tuple[str, str]:
    """Return the host that spoke and what it said, as Postfix reports them; names of hosts are no evidence."""
    for mark in ("] said: ", "] refused to talk to me: "):
        host, found, said = text.partition(mark)
        if found:
            return host[-MAX_HOST:], said.partition("(in reply to ")[0]
    return "", text


def _receiver(tokens: Sequence[str]) -> str:
    return next((_RECEIVERS[token] for token in tokens if token in _RECEIVERS), "")


def _given(reply_code: int | str | None) -> str:
    """Return the caller's reply code, or nothing where it is none. RFC 5321 §4.2: three digits, the first 2 to 5."""
    if isinstance(reply_code, int):
        return str(reply_code) if 200 <= reply_code < 600 else ""
    code = (reply_code or "").strip()
    return code if len(code) == 3 and code.isascii() and code.isdigit() else ""


def _reply(pieces: Sequence[str]) -> str:
    """Return the first reply code among the pieces, which are text and numbers by turns."""
    for index in range(1, len(pieces), 2):
        before = pieces[index - 1].rstrip()
        if "." not in pieces[index] and (before.endswith(_BEFORE_REPLY) or not (before or index > 1)):
            return pieces[index]
    return ""


def _most_telling(codes: Sequence[str], status: str | None) -> str:
    """Return the first enhanced code that says something; x.0.0 and x.5.0 are what servers say for want of another."""
    given = _STATUS.match(status) if status else None
    every = [*codes, given[1]] if given is not None else codes
    for vague in ((".0.0", ".5.0"), (".0.0",)):
        for code in every:
            if not code.endswith(vague):
                return code
    return every[0] if every else ""


@lru_cache(maxsize=REMEMBERED)
def _read(text: str, enhanced: str, reply: str, provider: str) -> Classification:
    tokens = words(text)
    who = provider or _receiver(tokens)
    code = _by_enhanced(enhanced, who)
    book, rules = _replies()
    best: Found | None = None
    for found in book.find(text, tokens):
        if (best is None or found[0] < best[0]) and _holds(rules[found[0]], reply or enhanced[:1], who):
            best = found
    if best is not None:
        rule = rules[best[0]]
        if not _outranked(rule, enhanced, code):
            origin = rule.provider or "text"
            return _result(rule.reason, rule.confidence, f"{origin}: {book.matched(best, tokens)}")
    if code is not None:
        return code
    return _by_reply(reply) or _result(Reason.UNKNOWN, "low", "nothing known")


def _holds(rule: _Rule, reply: str, provider: str) -> bool:
    if rule.only and rule.provider != provider:
        return False
    return not rule.when or (reply == "" if rule.when == "-" else reply.startswith(rule.when))


def _outranked(rule: _Rule, enhanced: str, code: Classification | None) -> bool:
    """Whether the enhanced code says more than the text does.

    A text that says little gives way to any code that says something; one that would call an address dead, unless it
    says so plainly, gives way to a code of security or policy (RFC 3463 §3.8): a block is no dead address.
    """
    if code is None:
        return False
    if rule.confidence == "low":
        return code.confidence != "low"
    doubtful = rule.confidence != "high" and KINDS[rule.reason].persistence is Persistence.HARD
    return doubtful and enhanced[1:].startswith(".7.")


def _by_enhanced(code: str, provider: str) -> Classification | None:
    codes = _codes()
    either = f"x{code[1:]}"
    for who in (provider, "") if provider else ("",):
        known = codes.get((who, code)) or codes.get((who, either))
        if known is not None:
            return _result(*known, f"code {code}")
    return None


def _by_reply(reply: str) -> Classification | None:
    known = _codes().get(("", reply))
    return None if known is None else _result(*known, f"reply code {reply}")


def _hinted(hint: Reason | Persistence | str, reading: Classification) -> Classification:
    """Return what the sending service made of it."""
    evidence = "the sending service's class"
    if hint in KINDS:
        return _result(Reason(hint), "low", evidence)
    if hint in _PERSISTENCES:
        kind = KINDS[reading.reason]
        return Classification(kind.reason, Persistence(hint), kind.blame, "low", kind.action, evidence)
    return reading


@lru_cache(maxsize=4096)
def _result(reason: Reason, confidence: str, evidence: str) -> Classification:
    kind = KINDS[reason]
    return Classification(reason, kind.persistence, kind.blame, confidence, kind.action, evidence)


@lru_cache(maxsize=1)
def _replies() -> tuple[Phrasebook, tuple[_Rule, ...]]:
    rows = list(_table("replies.csv"))
    rules = [_Rule(Reason(row[0]), row[1].lstrip("="), row[1].startswith("="), row[2], row[3]) for row in rows]
    return Phrasebook([row[4] for row in rows]), tuple(rules)


@lru_cache(maxsize=1)
def _codes() -> Mapping[tuple[str, str], tuple[Reason, str]]:
    return {(row[1], row[2]): (Reason(row[0]), row[3]) for row in _table("codes.csv")}


def _table(name: str) -> Iterator[list[str]]:
    """Yield the rows of a table beside this module, its comments and its head left out."""
    text = files("deliverability.events").joinpath(name).read_text(encoding="utf-8")
    rows = (line.split(",") for line in text.splitlines() if line and not line.startswith("#"))
    next(rows)
    yield from rows
