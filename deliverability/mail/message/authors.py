"""Who a message says it is from: the mailboxes of From, Sender and Reply-To, as RFC 5322 §3.4 writes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from deliverability.fastclass import dataclass
from deliverability.mail.message.facts import Author, Fault
from deliverability.mail.message.header import Field
from deliverability.mail.message.safe import domain_of, role, shown
from deliverability.mail.words import decoded
from deliverability.names import has_known_suffix, to_unicode

MAX_MAILBOXES = 50
"""Ours: mailboxes of one field that are read."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"|<[^<>]*+>|[,;:"<>]|[^\s",;:<>]++|\s++', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Item:
    """What stands between two separators: the words before the angle brackets, and what is within, if any."""

    words: str
    angle: str | None
    group: str | None
    fault: str = ""


def mailboxes(fields: list[Field]) -> tuple[tuple[Author, ...], tuple[Fault, ...]]:
    """The mailboxes of all `fields`, and what is wrong with them.

    Faults of a field: from_empty, from_too_many (more than are read). Of each that it names: from_group,
    from_no_address (a name alone), from_no_domain, from_bad_domain (one that cannot be), from_brackets and from_quotes
    (one without the other), from_unquoted (an @ in a display name without quotation marks).
    """
    authors: list[Author] = []
    faults: list[Fault] = []
    for one in fields:
        items = list(_items(_without_comments(_text(one.value))))
        if not any(item.words or item.angle is not None for item in items):
            faults.append(Fault(code="from_empty", where=one.name, text=shown(one.value)))
        if len(items) > MAX_MAILBOXES:
            faults.append(Fault(code="from_too_many", where=one.name, count=len(items)))
        for item in items[:MAX_MAILBOXES]:
            author, codes = _author(item)
            authors += [author] if author else []
            faults += [Fault(code=code, where=one.name, text=_excerpt(item)) for code in codes]
    return tuple(authors), tuple(faults)


def _text(value: str) -> str:
    """The octets as UTF-8 (RFC 6532), where they are that."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _without_comments(value: str) -> str:
    """RFC 5322 §3.2.2: comments may nest, and stand nowhere inside quotation marks."""
    if "(" not in value:
        return value
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
        elif character == ")" and depth and not quoted:
            depth -= 1
            continue
        if not depth:
            kept.append(character)
    return "".join(kept)


def _items(text: str) -> Iterator[_Item]:
    """What stands between commas, and inside groups."""
    words: list[str] = []
    angle: str | None = None
    group: str | None = None
    fault = ""
    for match in _TOKENS.finditer(text):
        sign = match[0]
        if sign in {",", ";"}:
            yield from _item(words, angle, group, fault)
            words, angle, fault = [], None, ""
            group = None if sign == ";" else group
        elif sign == ":" and angle is None and group is None and "@" not in "".join(words):
            group, words = "".join(words).strip(), []
        elif sign in {'"', "<", ">"}:
            fault = "from_quotes" if sign == '"' else "from_brackets"
        elif sign[0] == "<":
            angle = sign[1:-1].strip()
        else:
            words.append(sign)
    yield from _item(words, angle, group, fault)


def _item(words: list[str], angle: str | None, group: str | None, fault: str) -> Iterator[_Item]:
    text = "".join(words).strip()
    if text or angle is not None or fault or group is not None:
        yield _Item(text, angle, group, fault)


def _author(item: _Item) -> tuple[Author | None, list[str]]:
    """The mailbox of an item, and what is wrong with it."""
    codes = [item.fault] if item.fault else []
    if item.group is not None:
        codes.append("from_group")
        if not item.words and item.angle is None:
            return None, codes
    address = item.words if item.angle is None else item.angle.rpartition(":")[2]  # RFC 5322 §4.4: obsolete routes
    display = _display(item.words) if item.angle is not None else ""
    local, sign, domain = address.rpartition("@")
    if not sign:
        return None, [*codes, "from_no_address"]
    name = domain_of(domain)
    if not name:
        codes.append("from_bad_domain" if domain.strip() else "from_no_domain")
    if item.angle is not None and "@" in _QUOTED.sub("", item.words):
        codes.append("from_unquoted")
    group = shown(_display(item.group)) if item.group is not None else None
    return Author(
        domain=name,
        local=role(local.strip().strip('"')),
        display=shown(display),
        named=domains_in(display),
        scripts=_mixed(display) or _mixed(to_unicode(name)),
        group=group,
    ), codes


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _display(words: str) -> str:
    """A display name as people see it."""
    unquoted = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[0][1:-1]), words)
    return " ".join((decoded(unquoted) if "=?" in unquoted else unquoted).split())


def _excerpt(item: _Item) -> str:
    return shown(item.words if item.angle is None else f"{item.words} <{item.angle}>".strip())


_DOMAIN = re.compile(r"(?<![\w.-])(?:[\w.+%-]{1,64}@)?((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}[^\W\d_]{2,24})(?![\w-])")


def domains_in(text: str) -> tuple[str, ...]:
    """The domain names that `text` shows, in A-labels: of addresses, of links, or alone. Only under known suffixes."""
    found = (domain_of(match[1]) for match in _DOMAIN.finditer(text[:2000]))
    return tuple(dict.fromkeys(name for name in found if name and has_known_suffix(name)))


def _mixed(text: str) -> tuple[str, ...]:
    """The scripts of the first word whose letters look alike though they are of several; empty where there is none."""
    if text.isascii():
        return ()
    for word in _WORD.findall(text[:500]):
        scripts = {_script(character) for character in word if not character.isascii() or character.isalpha()}
        if scripts & _STYLED or len(scripts & _ALIKE) > 1:
            return tuple(sorted(scripts & (_STYLED | _ALIKE)))
    return ()


_WORD = re.compile(r"[^\W\d_]+")
_ALIKE = frozenset({"latin", "cyrillic", "greek", "armenian", "cherokee"})
"""Unicode Technical Standard #39 §4: scripts whose letters are taken for each other's."""
_STYLED = frozenset({"mathematical"})
"""Letters made for formulas, by which names get past filters."""


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0].lower()
