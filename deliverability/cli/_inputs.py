"""What the command line reads: names of domains, stored audits, zone files, resolver addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.cli._problem import Problem
from deliverability.fastclass import dataclass
from deliverability.lookup import LiveResolver, ReplayResolver, Resolver
from deliverability.lookup.keyed import keyed

if TYPE_CHECKING:
    from deliverability.compare.result import Comparison
    from deliverability.document import Audit
    from deliverability.lookup import ZoneResolver

MAX_AUDIT_OCTETS = 64 * 1024 * 1024
"""A stored audit is some 100 KB; a thousand times that is not one."""


def names_of(domains: Iterable[str]) -> list[str]:
    """The domains as A-labels, each once. Raises Problem."""
    from deliverability.names import to_ascii  # noqa: PLC0415 - loaded by then

    try:
        return list(dict.fromkeys(map(to_ascii, domains)))
    except ValueError as error:
        raise Problem(str(error)) from None


def read_audit(path: str) -> Audit:
    """A stored audit; Problem, in one line, where the file is none."""
    from deliverability.document import DocumentError, from_json  # noqa: PLC0415 - only where one is read

    try:
        return from_json(_text(path, "an audit"))
    except DocumentError as error:
        raise Problem(f"{path}: {error}") from None


def read_audits(path: str) -> list[Audit]:
    """The stored audits of a file, one document or JSON Lines of several; Problem, in one line, where it is neither."""
    from deliverability.document import DocumentError, from_json  # noqa: PLC0415 - only where one is read

    lines = [(number, line) for number, line in enumerate(_text(path, "audits").splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):  # the first line of one document does not close it
        return [read_audit(path)]
    audits: list[Audit] = []
    for number, line in lines:
        try:
            audits.append(from_json(line))
        except DocumentError as error:
            raise Problem(f"{path}:{number}: {error}") from None
    return audits


def read_comparison(path: str) -> Comparison:
    """A stored comparison; Problem, in one line, where the file is none."""
    from deliverability.comparison import NotADocument, from_json  # noqa: PLC0415 - only where one is read

    try:
        return from_json(_text(path, "a comparison"))
    except NotADocument as error:
        raise Problem(f"{path}: {error}") from None


def _text(path: str, what: str) -> str:
    """The text of a stored document. Raises Problem."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_AUDIT_OCTETS + 1)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror or error}") from None
    if len(raw) > MAX_AUDIT_OCTETS:
        raise Problem(f"{path}: larger than {MAX_AUDIT_OCTETS // 2**20} MiB; {what} is not")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(f"{path}: not UTF-8 text, so not {what}") from None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where all answers come from, and the live part of it that must be closed in the end.

    `published` is what proposed records are laid over; None where none are. `files` are the zone files among it, those
    of proposed records first.
    """

    resolver: Resolver
    live: LiveResolver | None = None
    published: Resolver | None = None
    files: tuple[ZoneResolver, ...] = ()

    def line_of(self, name: str, rdtype: str) -> tuple[str, int] | None:
        """Path and line of the first record of that name and type; None where no file has one."""
        return next((line for zone in self.files if (line := zone.line_of(name, rdtype))), None)

    @property
    def deletions(self) -> frozenset[tuple[str, str]]:
        """Name and type of what the proposed records take away."""
        return frozenset() if self.published is None else self.files[0].deletions

    @property
    def servers(self) -> list[str]:
        """The DNS servers asked; none where files answer."""
        return [server.text for server in self.live.servers] if self.live else []

    async def aclose(self) -> None:
        """Close the sockets, if there are any."""
        if self.live is not None:
            await self.live.aclose()


def origin_of(
    servers: Sequence[str],
    zones: Sequence[str],
    overlays: Sequence[str],
    replay: Audit | None = None,
    key: str | None = None,
    *,
    retry_for: float = 0.0,
) -> Origin:
    """Replayed, from zone files alone, or live; with proposed records laid over it. Raises Problem.

    `key` is one of Spamhaus's Data Query Service; it goes into questions of the live resolver and no further.
    `retry_for`: seconds for which a live question that met a temporary failure is asked again.
    """
    origin = _base(servers, zones, replay, key, retry_for)
    if not overlays:
        return origin
    from deliverability.lookup import OverlayResolver  # noqa: PLC0415 - zone files want dnspython, 100 ms

    over = read_zones(overlays)
    files = (over, *origin.files)
    return Origin(OverlayResolver(over, origin.resolver), origin.live, origin.resolver, files)


def _base(
    servers: Sequence[str], zones: Sequence[str], replay: Audit | None, key: str | None, retry_for: float
) -> Origin:
    if replay is not None:
        return Origin(ReplayResolver(replay.dns, replay.listings))
    if zones:
        from deliverability.lookup import AssumeAbove  # noqa: PLC0415 - see above

        zone = read_zones(zones)
        return Origin(AssumeAbove(zone), files=(zone,))
    try:
        live = LiveResolver(list(servers) or None, keeps_failures=not retry_for)
        asked = keyed(live, key)
    except ValueError as error:
        raise Problem(str(error)) from None
    if not retry_for:
        return Origin(asked, live)
    from deliverability.lookup import RetryingResolver  # noqa: PLC0415 - an audit does without

    return Origin(RetryingResolver(asked, retry_for), live)


def read_zones(paths: Sequence[str]) -> ZoneResolver:
    """Master files, one zone each. Raises Problem that reads `FILE:LINE: what`."""
    from deliverability.lookup import ZoneError, ZoneResolver  # noqa: PLC0415 - see above

    try:
        zone = ZoneResolver.from_files(paths)
    except ZoneError as error:
        raise Problem(str(error)) from None
    if not zone.origins and not zone.deletions:
        raise Problem(f"{', '.join(paths)}: no record in it, so nothing to answer with")
    return zone
