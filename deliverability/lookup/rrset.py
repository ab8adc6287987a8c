"""An RRset as `Answer` shows it: presentation form, sorted, TXT also as the strings on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from deliverability.fastclass import dataclass

MAX_STRING_OCTETS = 255
"""RFC 1035 §3.3: a character-string has a length of one octet."""


@dataclass(frozen=True, slots=True)
class RRset:
    """The records of one name and type. `ttl` in seconds; `records` and `strings` as in `Answer`."""

    ttl: int
    records: tuple[str, ...]
    strings: tuple[tuple[bytes, ...], ...] = ()

    @classmethod
    def of_records(cls, ttl: int, records: Iterable[str]) -> RRset:
        """From presentation form; RFC 2181 §5: a set holds no record twice."""
        return cls(ttl, tuple(sorted(set(records))))

    @classmethod
    def of_strings(cls, ttl: int, texts: Iterable[tuple[bytes, ...]]) -> RRset:
        """From the character-strings of TXT or SPF records; records and strings stay in the same order."""
        strings = tuple(sorted(set(texts), key=lambda parts: (b"".join(parts), parts)))
        return cls(ttl, tuple(joined(parts) for parts in strings), strings)


def joined(parts: tuple[bytes, ...]) -> str:
    """The text of one TXT record: one character per octet."""
    return b"".join(parts).decode("latin-1")


def split_text(text: str) -> tuple[bytes, ...]:
    """`text` (one character per octet) as the character-strings that carry it; ValueError for a wider character."""
    octets = text.encode("latin-1")
    parts = (octets[start : start + MAX_STRING_OCTETS] for start in range(0, len(octets), MAX_STRING_OCTETS))
    return tuple(parts) or (b"",)
