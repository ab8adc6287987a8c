"""Who failed and why, read from a notice that was written for people.

Nearly all servers write the address at the beginning of a line, or after a word that says what it is, and the reason
behind or below it; few forms need more than that. So there is one reader, not one for each of sixty servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from deliverability.mail.addresses import ADDRESS, addresses, from_verp, tidy
from deliverability.mail.dsn import MAX_RECIPIENTS
from deliverability.mail.notice import Notice
from deliverability.mail.parts import Headers

MAX_LINES = 600
"""Ours: lines of a notice that are read."""

MAX_REASON = 2000
"""Ours: characters of a reason that are kept."""


class Entry(NamedTuple):
    """One failed recipient of a notice and the words about it."""

    address: str
    reason: str


_LABELS = (
    r"(?:failed |failing |final |original |intended |bad |undeliverable |invalid )?"
    r"(?:recipient|address|addressee|mailbox)(?: address| name|s)?|"
    r"(?:un)?deliver\w* (?:failed|failure|message)(?: \d+ attempts)?(?: to| for)?|"
    r"(?:unknown|invalid|no such)(?: local)?(?: final delivery)? (?:user|userid|recipient|address|host|mailbox)|"
    r"(?:failed to|unable to|could not) deliver (?:message )?to|"
    r"rcpt to|to|user|error-for|\u6536\u4ef6\u4eba|\u5b9b\u5148"
)
"""Words before an address that failed."""

_FIRST = re.compile(
    rf"(?i)^[\s>*\u2022#|=-]{{0,40}}(?:\d{{1,3}}[.)]\s+)?(?:\[?(?:{_LABELS})\s{{0,20}}[:=\uff1a]\s{{0,20}})?"
    rf"['\"`]?<?(?:mailto:|rfc822;\s?|smtp:|c=[^@\n]{{0,200}}SMTP=)?({ADDRESS})(?![\w@])(.*)$"
)
"""An address at the beginning of a line, perhaps after a bullet or a label, and the rest of the line."""

_TRANSCRIPT = re.compile(rf"^\s{{0,20}}(?:[45]\d\d)[ -](?:[45]\.\d\.\d{{1,3}} )?<?({ADDRESS})>?(?:\.\.\.|:)(.*)$")
"""`554 <user@host>... Host unknown`: sendmail's own verdict, below what the other server said."""

_WITHIN = re.compile(
    rf"(?i)(?:deliver\w*|reach\w*|send\w*|sent|rejected|address(?:ed)?(?: as)?|recipients?|user|mail(?:box)?|"
    rf"message|account|to|for|an)[^\n@]{{0,60}}?[\s<\"'(:=]({ADDRESS})"
)
"""An address in a sentence about a mail."""

_ASIDE = re.compile(
    r"(?i)\b(?:contact|assist|support|help|questions?|postmaster@|abuse@|administrator|forward|if you|visit|"
    r"from|sender|envelope|reply-to|reporting|please (?:send|write|mail))\b"
)
"""Words beside an address that is not the one that failed."""

_DIRECTIONS = re.compile(
    r"(?i)^\s*(?:from|cc|bcc|subject|date|sent|message-id|reply-to|mail from|return-path|sender)\s*:"
)


class Told:
    """What a notice says of whom.

    Args:
        notice: The notice and the mail that it returns.
        headers: The header of the notice itself.
    """

    def __init__(self, notice: Notice, headers: Headers) -> None:
        self.notice, self._headers = notice, headers
        self._lines = notice.text.split("\n", MAX_LINES)[:MAX_LINES]
        self._named = addresses(headers.get("x-failed-recipients", ""))
        self._sender = _own_address(headers)
        self._blocks = _blocks(self._lines, self._sender, self._named)

    @property
    def names_somebody(self) -> bool:
        """Whether its header names who failed, or a line of it begins with an address that is not its reader's."""
        return bool(self._named or self._blocks)

    @cached_property
    def entries(self) -> list[Entry]:
        """The failed recipients with the words about each; none where nobody is named anywhere."""
        if self._named:
            wanted = [[address, *self._blocks.get(address.lower(), [])[1:]] for address in self._named]
        else:
            wanted = list((self._blocks or _in_sentences(self._lines, self._sender)).values())
            wanted = wanted or [[a] for a in _elsewhere(self.notice.returned, self._headers, self._lines)]
        return [Entry(address, self._reason(address, block)) for address, *block in wanted[:MAX_RECIPIENTS]]

    def _reason(self, address: str, block: Sequence[str]) -> str:
        """The words about one address: those below it, else those that name it, else all of the notice."""
        own = _joined(_telling(block))
        if _WORDS.search(own.replace(address, "")):
            return own
        told = _joined(self._lines[index] for index in self._naming(address.lower()))
        return told if CODE.search(told) else self._whole

    def _naming(self, address: str) -> Iterator[int]:
        """The lines that name an address, and those above them in which another server spoke."""
        for index, line in enumerate(self._lowered):
            if address in line:
                if index and "<<<" in self._lowered[index - 1]:
                    yield index - 1
                yield index

    @cached_property
    def _lowered(self) -> list[str]:
        return [line.lower() for line in self._lines]

    @cached_property
    def _whole(self) -> str:
        return _joined(self._lines)


def _own_address(headers: Headers) -> frozenset[str]:
    """Who got the notice: the sender of the mail that failed, named in it but not failed."""
    fields = (headers.get(name, "") for name in ("to", "from", "delivered-to"))
    return frozenset(address.lower() for field in fields for address in addresses(field[:2000]))


_Blocks = dict[str, list[str]]
"""Address in lower case → the address as written, then the lines about it."""


def _blocks(lines: Sequence[str], sender: frozenset[str], named: Iterable[str]) -> _Blocks:
    """Lines that begin with an address, each with those below it up to the next."""
    expected = {address.lower() for address in named}
    found: _Blocks = {}
    verdicts: _Blocks = {}
    current: list[str] | None = None
    for index, line in enumerate(lines):
        match = _FIRST.match(line) if "@" in line else None
        if match is not None and _names_a_failure(match, line):
            address = tidy(match[1])
            key = address.lower()
            if address and (key in expected or key not in sender):
                current = found.setdefault(key, [address])
                current.append(match[2])
                continue
        if match is None and "@" in line and (verdict := _TRANSCRIPT.match(line)) is not None:
            address = tidy(verdict[1])
            if address.lower() not in sender:
                said = [lines[index - 1]] if index and lines[index - 1].lstrip().startswith("<<<") else []
                verdicts.setdefault(address.lower(), [address]).extend([*said, line])
        if current is not None:
            current.append(line)
    return found or verdicts


def _names_a_failure(match: re.Match[str], line: str) -> bool:
    rest = match[2].lstrip("\"'`>) ")
    if _DIRECTIONS.match(line) or line.lstrip().lower().startswith(("to:", ">>> rcpt", ">>> mail", "<<<")):
        return False
    # a sentence that goes on behind the address is about it only where it says so
    return not rest[:1].isalpha() or bool(_GOES_ON.match(rest))


_GOES_ON = re.compile(
    r"(?i)(?:on |invalid|unknown|no such|user|error|mailbox|account|does|is |was |has |could|can|not|rejected|failed|"
    r"delivery|over|reason|because|unrout|host|domain|relay|smtp|SMTP|retry|undeliver)"
)


def _in_sentences(lines: Sequence[str], sender: frozenset[str]) -> _Blocks:
    """Addresses in sentences about delivery; the whole of the notice is about them."""
    found: _Blocks = {}
    for line in lines:
        if "@" not in line or _ASIDE.search(line.partition("@")[0]) or _DIRECTIONS.match(line):
            continue
        for match in _WITHIN.finditer(line[:1000]):
            address = tidy(match[1])
            if address and address.lower() not in sender:
                found.setdefault(address.lower(), [address])
    return found


def _elsewhere(returned: Headers, headers: Headers, lines: Sequence[str]) -> list[str]:
    """The recipient of the returned mail, of a transcript, or of the bounce address, where the notice names none."""
    for line in lines:
        if "rcpt to" in line.lower() and (told := addresses(line)):
            return told[:1]
    for name in ("x-envelope-to", "x-original-to", "delivered-to", "x-failed-recipients"):
        if told := addresses(returned.get(name, "")):
            return told[:1]
    own = _own_address(headers)
    if verp := next((v for v in map(from_verp, sorted(own)) if v), ""):
        return [verp]
    if told := _others(returned.get("to", ""), own):
        return told
    received = re.search(rf"\bfor <?({ADDRESS})>?", returned.get("received", ""))
    if received:
        return [tidy(received[1])]
    if told := _others(headers.get("subject", ""), own):
        return told
    # last, the head of the returned mail as people see it, below the words
    shown = (_others(line, own) for line in lines if _TO.match(line))
    return next(filter(None, shown), list[str]())


_TO = re.compile(r"(?i)^[\s>]*to\s*:")


def _others(text: str, own: frozenset[str]) -> list[str]:
    return [address for address in addresses(text[:2000]) if address.lower() not in own][:1]


_WORDS = re.compile(r"[^\W\d_]{3}")
_RULE = re.compile(r"^[\s\-=_*#|+]*$")


CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]|[45]\.\d\.\d")


def _telling(block: Sequence[str]) -> Sequence[str]:
    """The block up to the end of the first paragraph with a code; what servers add for everybody stands below that."""
    told = False
    for index, line in enumerate(block):
        if not line.strip() and told:
            return block[:index]
        told = told or bool(CODE.search(line))
    return block


def _joined(lines: Iterable[str]) -> str:
    text = " ".join(line.strip() for line in lines if not _RULE.match(line))
    return text[:MAX_REASON].strip(" :>\"'")
