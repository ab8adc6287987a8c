"""Octets → facts: the one pass over a message. See the package's `read`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.mail import parts as cutting
from deliverability.mail.message import fields, words
from deliverability.mail.message.authors import mailboxes
from deliverability.mail.message.bounds import HEADER, cut
from deliverability.mail.message.exposure import exposures, local_parts
from deliverability.mail.message.facts import Body, Fault, Link, MessageFacts, Residue, Written
from deliverability.mail.message.header import Header, header_of
from deliverability.mail.message.links import link_of
from deliverability.mail.message.octets import faults_of
from deliverability.mail.message.page import Anchor, Page, page_of
from deliverability.mail.message.residue import residues
from deliverability.mail.message.safe import domain_of, shown
from deliverability.mail.message.structure import MAX_TEXT, Leaf, Structure, structure_of
from deliverability.mail.words import decoded

MAX_LINKS = 300
"""Ours: different targets that are kept."""
MAX_FAULTS = 100
"""Ours: faults that are kept."""


def read(raw: bytes, *, name: str, octets: int | None = None) -> MessageFacts:
    """As the package's `read`."""
    begun = cut(raw, octets)
    header = header_of(begun.raw)
    structure = structure_of(begun)
    html, plain = _shown_of(structure, "text/html"), _shown_of(structure, "text/plain")
    links = _links(html, plain, header)
    faults = (*faults_of(begun, header), *structure.faults, *_header_faults(header))
    return MessageFacts(
        name=shown(name),
        octets=begun.octets,
        looked_at=len(begun.raw),
        left_out=begun.left_out if header.complete else (*begun.left_out, HEADER),
        line_ends=begun.line_ends,
        **_of_header(header),
        parts=structure.parts,
        part_count=max(begun.delimiters, len(structure.parts) - 1, 1),
        html=_body(html, plain),
        plain=_body(plain, html),
        links=links,
        link_hosts=tuple(dict.fromkeys(link.host for link in links if link.host)),
        residue=(*_residues(header, html, plain), *exposures(header)),
        faults=faults[:MAX_FAULTS],
    )


def _of_header(header: Header) -> dict[str, Any]:
    """What the header says, by the names of `MessageFacts`."""
    authors, from_faults = mailboxes(fields.occurrences(header, "from"))
    post = fields.occurrences(header, "list-unsubscribe-post")
    return {
        "fields": {shown(name, 60): count for name, count in header.counts().items()},
        "authors": authors,
        "from_domains": tuple(dict.fromkeys(author.domain for author in authors if author.domain)),
        "from_faults": from_faults,
        "senders": mailboxes(fields.occurrences(header, "sender"))[0],
        "reply_to": mailboxes(fields.occurrences(header, "reply-to"))[0],
        "return_path": domain_of(header.first("return-path").strip("<> ").rpartition("@")[2]),
        "dates": _written(header, "date"),
        "message_ids": _written(header, "message-id"),
        "list_ids": _written(header, "list-id"),
        "feedback_ids": _written(header, "feedback-id"),
        "unsubscribe": _unsubscribe(header),
        "unsubscribe_post": tuple(shown(field.value) for field in post),
        "precedence": shown(header.first("precedence").lower(), 40),
        "auto_submitted": shown(header.first("auto-submitted").lower(), 40),
        "mime_version": shown(header.first("mime-version"), 40),
    }


_WRITERS = {
    "date": fields.date,
    "message-id": fields.message_id,
    "list-id": fields.list_id,
    "feedback-id": fields.feedback_id,
}


def _written(header: Header, name: str) -> tuple[Written, ...]:
    return tuple(_WRITERS[name](field.value) for field in fields.occurrences(header, name))


def _unsubscribe(header: Header) -> tuple[Link, ...]:
    uris, _ = fields.unsubscribe_uris(header.all("list-unsubscribe"))
    people = local_parts(header)
    return tuple(link_of(uri, "list-unsubscribe", people=people) for uri in uris)


def _header_faults(header: Header) -> list[Fault]:
    """Faults of single fields, beyond those that `Written` tells."""
    found = fields.unsubscribe_uris(header.all("list-unsubscribe"))[1]
    for field in header.fields:
        if "=?" in field.value and field.name in _WITH_WORDS and (wrong := _BAD_WORD.search(field.value)):
            found.append(Fault(code="encoded_word", where=field.name, text=wrong[1][:40]))
    if header.first("content-type").lower().lstrip().startswith("multipart/") and not header.all("mime-version"):
        found.append(Fault(code="no_mime_version"))  # RFC 2045 §4
    return found


_WITH_WORDS = frozenset({"subject", "from", "to", "cc", "reply-to", "sender", "comments"})
_GOOD_WORD = r"\?[^?\s]{1,40}\?(?:[Qq]\?[!->@-~]{0,75}|[Bb]\?[A-Za-z0-9+/]{0,75}={0,2})\?="
_BAD_WORD = re.compile(rf"(=)(?!{_GOOD_WORD})\?[\w*-]{{1,40}}\?[BbQq]\?")
"""RFC 2047 §2: what begins like an encoded word and is none: a space in it, letters that its encoding has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A body that a reader sees: its parts, its text, where it leads."""

    leaves: tuple[Leaf, ...]
    page: Page
    words: list[str]
    offers: Sequence[tuple[int, str]]
    complete: bool


def _shown_of(structure: Structure, kind: str) -> _Shown | None:
    """The parts of that media type that are shown, and not attached; None where there is none."""
    leaves = tuple(leaf for leaf in structure.leaves if leaf.part.kind == kind and not leaf.part.attached)[:20]
    if not leaves:
        return None
    texts: list[str] = []
    left = MAX_TEXT
    for leaf in leaves:
        texts.append(cutting.text_of(leaf.content, left)[:left])
        left = max(0, left - len(texts[-1]))
    text = "\n".join(texts)
    page = page_of(text) if kind == "text/html" else plain_page(text)
    return _Shown(
        leaves=leaves,
        page=page,
        words=words.words(page.text),
        offers=words.offers(page.text),
        complete=left > 0 and page.complete,
    )


_URL = re.compile(r"(?i)\b(?:https?://|mailto:|www\.)[^\s<>\"'\])}]{2,2000}")


def plain_page(text: str) -> Page:
    """A plain body: its text, and the URLs in it."""
    anchors: list[Anchor] = []
    for match in _URL.finditer(text):
        if len(anchors) >= MAX_LINKS * 4:
            break
        url = match[0].rstrip(".,;:!?*_")
        whole = url if ":" in url[:8] else f"http://{url}"
        anchors.append(Anchor(whole, url, match.start(), match.end(), "link"))
    return Page(text, text, tuple(anchors), True)


def _body(mine: _Shown | None, other: _Shown | None) -> Body | None:
    if mine is None:
        return None
    return Body(
        part=mine.leaves[0].part.number,
        octets=sum(leaf.part.octets for leaf in mine.leaves),
        decoded=sum(leaf.part.decoded for leaf in mine.leaves),
        words=len(mine.words),
        common=words.common(mine.words, other.words) if other else None,
        offers=mine.offers[0][1] if mine.offers else "",
        complete=mine.complete,
    )


def _links(html: _Shown | None, plain: _Shown | None, header: Header) -> tuple[Link, ...]:
    """Every target once for each body, in order; the same target counts."""
    found: dict[Link, int] = {}
    ways_out, people = _ways_out(html, plain, header), local_parts(header)
    for where, body in (("html", html), ("text", plain)):
        for anchor in body.page.anchors if body else ():
            text = anchor.text if where == "html" and anchor.kind == "link" else None
            link = link_of(anchor.url, where, anchor.kind, text, people)
            link = replace(link, unsubscribes=True) if body and _offers(body, anchor, link, ways_out) else link
            before = found.get(link, 0)
            if before or len(found) < MAX_LINKS:
                found[link] = before + 1
    return tuple(_counted(link, count) for link, count in found.items())


def _ways_out(html: _Shown | None, plain: _Shown | None, header: Header) -> frozenset[str]:
    """The URLs that unsubscribe beyond doubt: those of List-Unsubscribe, and of links whose own words offer it."""
    named = set(fields.unsubscribe_uris(header.all("list-unsubscribe"))[0])
    for _, body in _each(html, plain):
        at = [begin for begin, _ in body.offers]
        own = (anchor for anchor in body.page.anchors if any(anchor.start <= one < anchor.end for one in at))
        named.update(anchor.url for anchor in own if anchor.kind == "link" and anchor.url)
    return frozenset(named)


AROUND = 160
"""Ours: characters of text before and after a link among which words about it are looked for."""


def _offers(body: _Shown, anchor: Anchor, link: Link, ways_out: frozenset[str]) -> bool:
    """Whether words of the link, or around it, offer to unsubscribe, or it leads where others do."""
    if link.kind == "image" or link.scheme not in {"http", "https", "mailto"}:
        return False
    return anchor.url in ways_out or any(anchor.start - AROUND <= at <= anchor.end + AROUND for at, _ in body.offers)


def _counted(link: Link, count: int) -> Link:
    return link if count == 1 else replace(link, count=count)


def _residues(header: Header, html: _Shown | None, plain: _Shown | None) -> tuple[Residue, ...]:
    subject = " ".join(decoded(field.value) for field in header.all("subject")[:2])
    texts = [("subject", subject)] + [(where, body.page.prose) for where, body in _each(html, plain)]
    urls = [
        (where, url)
        for where, body in _each(html, plain)
        for url in dict.fromkeys(anchor.url for anchor in body.page.anchors)
    ]
    return residues(texts, urls)


def _each(html: _Shown | None, plain: _Shown | None) -> Iterable[tuple[str, _Shown]]:
    return ((where, body) for where, body in (("html", html), ("text", plain)) if body is not None)
