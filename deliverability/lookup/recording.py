"""Answers kept as they came, and given again without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deliverability.lookup.answer import Answer, Resolver, canonical_name, names_below
from deliverability.lookup.rdtypes import canonical_type

_Key = tuple[str, str, str, bool]


class UnrecordedQuestion(Exception):
    """A replay was asked what the recording does not hold: `name` and `rdtype`. An audit shows it as unknown."""

    def __init__(self, name: str, rdtype: str) -> None:
        super().__init__(f"not in the recording: {name} {rdtype}")
        self.name = name
        self.rdtype = rdtype


class RecordingResolver:
    """Keeps every answer of `base`. The same question gets the first answer again, so that a replay sees the same."""

    def __init__(self, base: Resolver) -> None:
        """Record what `base` answers."""
        self._base = base
        self._answers: dict[_Key, Answer] = {}
        self.listings: dict[str, tuple[str, ...] | None] = {}
        """What `names_below` was asked and said."""

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every distinct question's answer, by name and type; one asked of a named server after the default's."""
        return tuple(self._answers[key] for key in sorted(self._answers))

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As `base`, recorded."""
        key = (canonical_name(name), canonical_type(rdtype), server or "", dnssec)
        known = self._answers.get(key)
        if known is None:
            known = await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
        return self._answers.setdefault(key, known)

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`, recorded."""
        return self.listings.setdefault(canonical_name(name), names_below(self._base, name))


class ReplayResolver:
    """Gives recorded answers again and raises `UnrecordedQuestion` for any other question."""

    def __init__(self, answers: Iterable[Answer], listings: Mapping[str, tuple[str, ...] | None] | None = None) -> None:
        """`answers` and `listings` as a RecordingResolver kept them."""
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        for answer in answers:
            self._answers.setdefault((answer.name, answer.rdtype), []).append(answer)
        self._listings = dict(listings or {})

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """The recorded answer; where several are, that of `server`, and that which tells of DNSSEC if asked for."""
        asked, kind = canonical_name(name), canonical_type(rdtype)
        recorded = self._answers.get((asked, kind))
        if not recorded:
            raise UnrecordedQuestion(asked, kind)
        return min(
            recorded,
            key=lambda answer: (
                server is not None and answer.source != server,
                dnssec is not (answer.authenticated is not None),
            ),
        )

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As recorded; None where nobody asked, as from a resolver that cannot list."""
        return self._listings.get(canonical_name(name))
