r"""Domain names as text, with the escapes of RFC 1035 §5.1, and as labels on the wire.

Everywhere in deliv a name is canonical text: lower case, no final dot, the root the empty string. An octet that has a
meaning in master files or is not printable stands escaped (`\.`, `\032`), so splitting at dots must go through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

MAX_WIRE_NAME = 255
"""RFC 1035 §2.3.4: octets of a name on the wire, length octets and the root label included."""
MAX_NAME_OCTETS = MAX_WIRE_NAME - 2
"""The same limit on the text without the final dot, where nothing is escaped."""
MAX_LABEL_OCTETS = 63
"""RFC 1035 §2.3.4."""
MAX_CNAMES = 16
"""Aliases followed for one question, as many as BIND follows; RFC 1034 §3.6.2 only says that loops must end."""

_PLAIN = re.compile(r"[!#%&'*+,\-./0-9:<=>?A-Z\[\]^_`a-z{|}~]*")
_PLAIN_LABEL = re.compile(rb"[!#%&'*+,\-/0-9:<=>?A-Z\[\]^_`a-z{|}~]*")
_MUST_ESCAPE = frozenset(b'"().;\\@$')


def canonical_name(name: str) -> str:
    """`name` in lower case without the final dot, escapes normalised; the root is the empty string.

    Raises ValueError for an empty label, a label over 63 octets, a name over 255 octets on the wire, a bad escape, or a
    character that is not ASCII (`deliverability.names.to_ascii` turns U-labels into A-labels first).
    """
    if not _PLAIN.fullmatch(name):
        return from_labels(to_labels(name))
    bare = name.removesuffix(".").lower()
    if bare:
        _check(name, bare.split("."))
    return bare


def to_labels(name: str) -> tuple[bytes, ...]:
    """The labels of `name` in lower case, escapes undone, without the root's; ValueError as `canonical_name`."""
    if name in ("", "."):
        return ()
    labels = [bytearray()]
    for octet in _octets(name):
        if octet is None:
            labels.append(bytearray())
        else:
            labels[-1].append(octet)
    if not labels[-1]:
        labels.pop()
    found = tuple(bytes(label).lower() for label in labels)
    _check(name, found)
    return found


def from_labels(labels: Iterable[bytes]) -> str:
    """The labels as text, escaped as dnspython escapes them; the case is kept."""
    found = tuple(labels)
    if _PLAIN_LABEL.fullmatch(b"".join(found)):
        return b".".join(found).decode("ascii")
    return ".".join(_label_text(label) for label in found)


@lru_cache(maxsize=4096)
def to_wire(name: str) -> bytes:
    """A canonical name in wire form, uncompressed (RFC 1035 §3.1)."""
    labels = to_labels(name) if "\\" in name else [label.encode("ascii") for label in name.split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"


def parent(name: str) -> str:
    """The name one label up; the root's parent is the root."""
    if "\\" not in name:
        return name.partition(".")[2]
    return from_labels(to_labels(name)[1:])


def ancestors(name: str) -> Iterator[str]:
    """Every proper ancestor of `name`, nearest first, the root last."""
    while name:
        name = parent(name)
        yield name


def is_below(name: str, ancestor: str) -> bool:
    """Whether canonical `name` lies strictly below canonical `ancestor`."""
    if "\\" in name:
        return ancestor in ancestors(name)
    return name.endswith(f".{ancestor}") if ancestor else bool(name)


def _check(name: str, labels: Iterable[str | bytes]) -> None:
    """RFC 1035 §2.3.4: sizes are counted in octets on the wire."""
    octets = 1
    for label in labels:
        if not label:
            raise ValueError(f"empty label in {name[:80]!r}")
        if len(label) > MAX_LABEL_OCTETS:
            raise ValueError(f"label over {MAX_LABEL_OCTETS} octets in {name[:80]!r}")
        octets += len(label) + 1
    if octets > MAX_WIRE_NAME:
        raise ValueError(f"longer than {MAX_NAME_OCTETS} octets: {name[:40]!r}…")


def _octets(name: str) -> Iterator[int | None]:
    """The octets of `name`, None for a dot that separates labels."""
    if not name.isascii():
        raise ValueError(f"not ASCII: {name[:80]!r}")
    position = 0
    while position < len(name):
        char = name[position]
        position += 1
        if char == ".":
            yield None
        elif char != "\\":
            yield ord(char)
        else:
            width = 3 if name[position : position + 1].isdigit() else 1
            yield _unescape(name[position : position + width], name)
            position += width


def _unescape(escape: str, name: str) -> int:
    r"""RFC 1035 §5.1: `\X` is the character X, `\DDD` the octet with that decimal number."""
    if len(escape) == 1 and not escape.isdigit():
        return ord(escape)
    if len(escape) == 3 and escape.isdigit() and int(escape) <= 255:
        return int(escape)
    raise ValueError(f"bad escape in {name[:80]!r}")


def _label_text(label: bytes) -> str:
    return "".join(
        f"\\{octet:c}" if octet in _MUST_ESCAPE else chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"
        for octet in label
    )
