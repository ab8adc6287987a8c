"""A body in HTML: the words that a reader sees and where it leads, in one linear pass and without a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_LINKS = 2000
"""Ours: links of one body that are read."""
MAX_TAG = 16_384
"""Ours: characters of one tag that are looked at."""
MAX_URL = 4096
"""Ours: characters of one URL."""


class Anchor(NamedTuple):
    """One place that a body leads to.

    Attributes:
        url: As written, entities undone.
        text: What a reader sees of it: text, or the alternative text of images.
        start, end: Where that stands in the text of the page.
        kind: `link`, `image` or `form`.
    """

    url: str
    text: str
    start: int
    end: int
    kind: str


class Page(NamedTuple):
    """What a body shows and where it leads. `prose` is the text without what is marked as code."""

    text: str
    prose: str
    anchors: tuple[Anchor, ...]
    complete: bool


_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]{0,30})")
_ATTRIBUTE = re.compile(
    r"""([A-Za-z_:][\w:.-]{0,60}+)[\s]*+=[\s]*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""",
)
_URLS = {"a": "href", "area": "href", "img": "src", "form": "action", "iframe": "src"}
_KINDS = {"a": "link", "area": "link", "img": "image", "form": "form", "iframe": "image"}
_UNSEEN = frozenset({"script", "style", "title", "noscript", "template"})
_CODE = frozenset({"pre", "code", "samp", "kbd", "tt", "textarea"})
_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "td", "th", "li", "ul", "ol", "table", "hr", "blockquote", "section"}
) | frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "header", "footer"})


class _Open(NamedTuple):
    """A link whose text has begun: where in the pieces, and where it leads."""

    start: int
    url: str
    kind: str


class _Reader:
    """Collects the text and the links of one body."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.prose: list[str] = []
        self.code = 0
        self.length = 0
        self.open: _Open | None = None
        self.found: list[tuple[int, int, str, str]] = []

    def add(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.length += len(text)
            self.prose += [] if self.code else [text]

    def close(self) -> None:
        if self.open is not None and len(self.found) < MAX_LINKS:
            self.found.append((self.open.start, self.length, self.open.url, self.open.kind))
        self.open = None

    def tag(self, closing: bool, name: str, body: str) -> None:
        if name in _BLOCKS:
            self.add("\n")
        if name in _CODE:
            self.code = max(0, self.code + (-1 if closing else 1))
        if closing:
            if name == "a":
                self.close()
            return
        if name not in _URLS:
            return
        attributes = _attributes(body)
        url = attributes.get(_URLS[name], "")
        if name == "a":
            self.close()
            if "href" in attributes:
                self.open = _Open(self.length, url, "link")
            return
        start = self.length
        if alternative := attributes.get("alt", ""):
            self.add(f" {alternative} ")
        if url and len(self.found) < MAX_LINKS:
            self.found.append((start, self.length, url, _KINDS[name]))


def page_of(markup: str) -> Page:
    """The text and the links of `markup`. Whatever it is, there is an answer, in time linear in its length."""
    from html import unescape  # noqa: PLC0415 - a table of 2,000 entities, not at start-up

    reader = _Reader()
    for text, closing, name, body in _pieces(_COMMENT.sub("", markup) if "<!--" in markup else markup):
        reader.add(unescape(text) if "&" in text else text)
        if name:
            reader.tag(closing, name, body)
    reader.close()
    text = "".join(reader.pieces)
    anchors = (
        Anchor(unescape(url).strip()[:MAX_URL], _one_line(text[start:end]), start, end, kind)
        for start, end, url, kind in reader.found
    )
    return Page(text, "".join(reader.prose), tuple(anchors), len(reader.found) < MAX_LINKS)


_COMMENT = re.compile(r"<!--(?:(?!-->).)*+(?:-->|\Z)", re.DOTALL)


def _pieces(markup: str) -> Iterator[tuple[str, bool, str, str]]:
    """Text, and the tag behind it: whether it closes, its name in lower case (empty for none), its attributes."""
    position = start = 0
    while True:
        opening = markup.find("<", position)
        if opening < 0:
            yield markup[start:], False, "", ""
            return
        match = _TAG.match(markup, opening)
        if match is None and markup[opening + 1 : opening + 2] not in {"!", "?"}:
            position = opening + 1
            continue
        end = _end_of_tag(markup, opening)
        if end < 0:
            yield markup[start:], False, "", ""
            return
        if match is None:
            yield markup[start:opening], False, "", ""
        else:
            name = match[2].lower()
            yield markup[start:opening], bool(match[1]), name, markup[match.end() : min(end, opening + MAX_TAG)]
            if name in _UNSEEN and not match[1]:
                end = _end_of_unseen(markup, name, end)
        position = start = end + 1


def _end_of_tag(markup: str, opening: int) -> int:
    """Where the tag ends: the first `>` outside quotation marks, within a bound; -1 where no tag ends any more."""
    end = markup.find(">", opening)
    for _ in range(8):
        if end < 0 or end - opening > MAX_TAG:
            break
        inside = markup[opening:end]
        if inside.count('"') % 2 == 0 and (inside.count("'") % 2 == 0 or '"' in inside):
            return end
        end = markup.find(">", end + 1)
    return markup.find(">", opening)


def _end_of_unseen(markup: str, name: str, end: int) -> int:
    """Where the closing tag of what is not shown ends."""
    found = re.compile(rf"</{name}[^>]{{0,100}}>", re.IGNORECASE).search(markup, end)
    if found is None:
        return len(markup)
    return found.end() - 1


def _attributes(body: str) -> dict[str, str]:
    """The attributes of a tag; the first of several of one name counts."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(body):
        found.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return found


def _one_line(text: str) -> str:
    return " ".join(text[:400].split())
