"""What of a report is still English: the texts that a person reads, and those with words of an English sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser

from deliverability.document import Audit
from deliverability.reports.spoken import spoken
from deliverability.reports.words import evidence_name
from deliverability.sources import SOURCES

UNREAD = {"head", "style", "code", "pre", "time"}
"""Elements whose text is no prose: records, commands, names."""
INLINE = {"strong", "a", "span", "em", "mark", "del", "ins", "text", "tspan"}
"""Elements that do not end a text. Remarks are spans of their own lines, which does no harm."""

QUOTED = {
    *("message_header", "message_octets", "message_link", "message_text"),
    *("dkim_signature", "arc_message_signature", "arc_seal"),
}
"""Kinds of evidence whose text is the message's own."""
QUOTED_NOTES = {"rule"}
"""Kinds of evidence whose note is a spam filter's own."""
QUOTING = ("action", "marks", "text", "words")
"""Data of findings that quote a message or a spam filter."""

WORDS = re.compile(r"[A-Za-z][A-Za-z’']*")
ENGLISH = frozenset(
    """
    above after again all also an and any are as at be been before being below between both but by can
    cannot could did does done each else every few first for from gave get gives had has have here how if in into is
    it its know known last least less made make many may mean means might more most must near need needs never no
    nobody not nothing of off on once one only or other others our out over own past same say says seen several
    shall should since so some still such than that the their them then there these they this those through to too
    two under until up was were what when where whether which while who whose why will with within without would yes
    you your message messages record records mail server servers sent received name names domain answer answers
    address addresses found given wrong missing seconds days
    """.split()  # noqa: SIM905 - a text is easier to read
)
"""Words that stand in hardly any text without making it English."""
NAMES = re.compile(
    r"[\w.*-]+ (?:A|AAAA|MX|TXT|PTR|CNAME|SOA|NS)\b[^가-힣;]*|"  # questions, with what was answered
    r"`[^`]*`|[\w.:+-]+@[\w.]+|[A-Za-z_]+=[\w.:/-]*|<[\w.@-]+>|\{\{[^{}]*\}\}|"  # code, addresses, tags, fields
    r"--?[a-z-]+(?: none| FILE)?|[A-Za-z]+(?:-[A-Za-z]+)+|"  # options, ids
    r"[\w.-]+\.(?:example|test|com|net|org|internal|jp|de|kr|eu)(?![a-z])|RFC [0-9]+(?: §[\w.]+)?|"
    r"\(deliv demo\)|deliv [a-z]+|openssl rsa|public suffix|abused phish|From(?: 도메인)?|Received(?= 필드)|"
    r"Yahoo and AOL|Sender Hub|Postmaster Tools|Apache License"
)
"""What is English, or looks like it, in every language: names and code."""


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = [""]
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in UNREAD
        if tag not in INLINE | UNREAD:
            self.texts.append("")
        shown = dict(attrs)
        self.texts[-1:-1] = [text for name in ("aria-label", "data-column", "title") if (text := shown.get(name))]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD
        if tag not in INLINE | UNREAD:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.texts[-1] += data


def texts(page: str) -> Iterator[str]:
    """The texts that a page shows, each once, without records, commands and names of code."""
    parser = _Texts()
    parser.feed(page)
    return iter(dict.fromkeys(" ".join(text.split()) for text in parser.texts if text.strip()))


def english(shown: Iterable[str], *, names: Iterable[str] = ()) -> list[str]:
    """Those of `shown` that hold English; `names` are what the document itself calls things."""
    known = tuple(sorted({*names, *SOURCES, *(source.title for source in SOURCES.values())}, key=len, reverse=True))
    return [text for text in shown if is_english(text, known)]


def left_in_english(audit: Audit) -> list[str]:
    """The prose of `audit`, said in the language that is spoken, which is English all the same."""
    said = spoken(audit)
    texts = [said.subject.role_reason, said.verdict.sentence, *said.verdict.why_not_more_certain]
    texts += [said.next_best_fix.why] if said.next_best_fix else []
    for finding in said.findings:
        texts += [finding.title, finding.settle, *([finding.fix.text] if finding.fix else [])]
        texts += [row.note for row in finding.evidence if row.kind not in QUOTED_NOTES]
        texts += [evidence_name(row) for row in finding.evidence if not row.rdtype]
        texts += [row.text for row in finding.evidence if not row.rdtype and row.kind not in QUOTED]
    return english(dict.fromkeys(texts), names=_quoted(said))


def _quoted(audit: Audit) -> Iterator[str]:
    """What the findings quote of a message, which stays as its author wrote it."""
    for finding in audit.findings:
        yield from (row.text for row in finding.evidence if row.kind in QUOTED and row.text)
        yield from (text for name in QUOTING if isinstance(text := finding.data.get(name), str) and text)


@cache
def is_english(text: str, names: tuple[str, ...] = ()) -> bool:
    """Whether `text` has a word of an English sentence, or several English words side by side."""
    for name in names:
        text = text.replace(name, " ")
    text = NAMES.sub(" ", text)
    found = [word for word in WORDS.findall(text) if word.islower() or word.istitle()]
    return any(word.lower() in ENGLISH for word in found) or bool(re.search(r"\b[a-z]{3,} [a-z]{3,}\b", text))
