"""What a template leaves in a message that nobody filled: marks of template languages, empty names, stand-in text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deliverability.mail.message.facts import Residue
from deliverability.mail.message.safe import shown

MAX_RESIDUES = 40
"""Ours: different leftovers that are kept."""
MAX_MARK = 80
"""Ours: characters of one of them that are shown."""

_FIELD = r"(?:first_?name|last_?name|full_?name|user_?name|name|e_?mail|company|unsubscribe(?:_?(?:url|link))?)"

KINDS: dict[str, re.Pattern[str]] = {
    "mustache": re.compile(r"\{\{[^{}\n]{0,120}\}\}"),
    "statement": re.compile(r"\{%[^%\n]{0,160}%\}"),
    "server tag": re.compile(r"<%[^%\n]{0,160}%>"),
    "merge tag": re.compile(r"\*\|[A-Z][A-Z0-9_:.=\- ]{0,60}\|\*"),
    "percent": re.compile(
        r"%%[A-Za-z_][\w .:-]{0,60}%%|%recipient\.[\w.]{1,40}%|(?<![\w%])%[A-Z][A-Z_]{3,30}%(?![\w%])"
    ),
    "dollar": re.compile(r"[$#]\{[A-Za-z_][\w.\- ]{0,60}\}"),
    "brackets": re.compile(rf"\[\[[A-Za-z_][\w .:|-]{{0,60}}\]\]|(?i:\[{_FIELD}\]|(?<![\{{$#])\{{{_FIELD}\}}(?!\}}))"),
    "angles": re.compile(rf"(?i)<<\s?{_FIELD}\s?>>|«[^«»\n]{{0,10}}{_FIELD}»"),
    "stand-in": re.compile(r"(?i)\blorem ipsum\b|\[object Object\]|\bundefined undefined\b|\bnull null\b"),
}
"""The marks of the template languages that senders use, by a name of ours.

mustache: Handlebars, Liquid, Jinja, SendGrid, Iterable; statement: Jinja, Liquid, Klaviyo; server tag: ERB, EJS; merge
tag: Mailchimp; percent: Salesforce Marketing Cloud, Mailgun, ActiveCampaign; dollar: Braze, FreeMarker, Ruby; brackets:
Campaign Monitor, SparkPost, hand-made ones; angles: mail merge of word processors.
"""

_SIGNS: dict[str, tuple[str, ...]] = {
    "mustache": ("{{",),
    "statement": ("{%",),
    "server tag": ("<%",),
    "merge tag": ("*|",),
    "percent": ("%",),
    "dollar": ("${", "#{"),
    "brackets": ("[", "{"),
    "angles": ("<<", "«"),
    "stand-in": ("lorem ipsum", "[object object]", "undefined undefined", "null null"),
}
"""What has to be there, in lower case, for a mark of that kind: most text has none of it, and is not searched."""

_NEEDS_NAME = (
    r"dear|sehr geehrter?|liebe[r]?|chère?|cher|estimad[oa]|querid[oa]|gentile|car[oa]|beste|drogi|szanown[aye]"
)
_STANDS_ALONE = r"hello|hi|hey|hallo|hola|olá|ciao|good (?:morning|afternoon|evening)"
_NOBODY = r"(?:null|undefined|none|nan|\(null\)|n/a|customer_name|first_?name)"
EMPTY_GREETING = re.compile(
    rf"^[ \t]{{0,20}}(?:(?:{_NEEDS_NAME})[ \t\u00a0]{{0,5}}[,!:]|(?:{_STANDS_ALONE})[ \t\u00a0]{{1,5}}[,!](?!\w)"
    rf"|(?:{_NEEDS_NAME}|{_STANDS_ALONE}|mr\.?|ms\.?)[ \t\u00a0]{{1,3}}{_NOBODY}(?=[\s,.!:]|$)"
    rf"|(?:{_NOBODY})?[ \t]?님[,!.\s]|{_NOBODY}様)",
    re.IGNORECASE | re.MULTILINE,
)
"""A greeting without the name that it was made for. `Hello,` needs none; `Bonjour !` is how French is set."""

_MARKED = re.compile(r"[{%*\[<«]")
"""What every mark holds that can stand in a URL: most URLs hold none of it."""

GREETS = 20_000
"""Ours: characters of a body among which a greeting is looked for."""

_IN_URL = re.compile(r"(?<=[=/])(?:undefined|null|NaN|\[object(?:%20| )Object\])(?=[&/?#]|$)")


def residues(texts: Iterable[tuple[str, str]], urls: Iterable[tuple[str, str]]) -> tuple[Residue, ...]:
    """What is left of a template.

    Args:
        texts: Where it stands (`html`, `text`, `subject`), and the text as people read it.
        urls: The same of links, as they are written.
    """
    found: dict[tuple[str, str, str], Residue] = {}
    for one in _found(texts, urls):
        key = (one.kind, one.where, one.text)
        before = found.get(key)
        if before is None and len(found) >= MAX_RESIDUES:
            continue
        found[key] = one if before is None else _again(before)
    return tuple(found.values())


def _again(one: Residue) -> Residue:
    return Residue(kind=one.kind, where=one.where, text=one.text, span=one.span, count=one.count + 1)


def _found(texts: Iterable[tuple[str, str]], urls: Iterable[tuple[str, str]]) -> Iterator[Residue]:
    for where, text in texts:
        yield from _marks(where, text)
        yield from (_residue("greeting", where, match[0]) for match in EMPTY_GREETING.finditer(text[:GREETS]))
    for where, url in urls:
        plain = _plain_url(url)
        yield from _marks(f"link in {where}", plain) if _MARKED.search(plain) else ()
        yield from (_residue("stand-in", f"link in {where}", match[0]) for match in _IN_URL.finditer(url))


def _marks(where: str, text: str) -> Iterator[Residue]:
    lowered = text.lower()
    for kind, pattern in KINDS.items():
        if any(sign in lowered for sign in _SIGNS[kind]):
            yield from (_residue(kind, where, match[0]) for match in pattern.finditer(text))


def _plain_url(url: str) -> str:
    """A URL with the characters of template marks no longer encoded."""
    return re.sub(r"(?i)%(7b|7d|7c|2a|5b|5d)", lambda match: chr(int(match[1], 16)), url) if "%" in url else url


def _residue(kind: str, where: str, mark: str) -> Residue:
    text = shown(" ".join(mark.split()), MAX_MARK)
    return Residue(kind=kind, where=where, text=text, span=(0, len(text)))
