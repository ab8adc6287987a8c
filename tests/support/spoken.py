"""What of a report is still English: the texts that a person reads, and those with words of an English sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from deliverability.sources import SOURCES

UNREAD = {"head", "style", "code", "pre", "time"}
"""Elements whose text is no prose: records, commands, names."""
INLINE = {"strong", "a", "span", "em", "mark", "del", "ins", "text", "tspan"}
"""Elements that do not end a text. Remarks are spans of their own lines, which does no harm."""

WORDS = re.compile(r"[A-Za-z][A-Za-z’']*")
ENGLISH = frozenset(
    """
    a above after again all also an and any are as at be because been before being below between both but by can
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
    r"[\w.*-]+ (?:A|AAAA|MX|TXT|PTR|CNAME|SOA|NS)\b|\(deliv demo\)|From 도메인|From에|"  # questions, sources, headers
    r"`[^`]*`|[A-Za-z]+=[\w.:/-]*|"  # code and tags of records
    r"\bA와 AAAA|\bA 레코드|"
    r"Yahoo and AOL|public suffix|deliv plan|Sender Hub|Postmaster Tools|Apache License|"  # products
    r"[\w.-]+\.(?:example|test|com|net|org|jp|de|kr|eu)(?![a-z])"  # domains
)


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
    known = sorted({*names, *SOURCES, *(source.title for source in SOURCES.values())}, key=len, reverse=True)
    return [text for text in shown if is_english(text, known)]


def is_english(text: str, names: Iterable[str] = ()) -> bool:
    """Whether `text` has a word of an English sentence, or several English words side by side."""
    for name in names:
        text = text.replace(name, " ")
    text = NAMES.sub(" ", text)
    found = [word for word in WORDS.findall(text) if word.islower() or word.istitle()]
    return any(word.lower() in ENGLISH for word in found) or bool(re.search(r"\b[a-z]{3,} [a-z]{3,}\b", text))
