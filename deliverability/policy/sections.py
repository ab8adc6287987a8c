"""The tables of `deliv.toml` that shape findings: `[checks]` and `[thresholds]`."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping

from deliverability.checks import CHECKS
from deliverability.checks._thresholds import BANDS, BY_PROVIDER, BY_STREAM, FIGURES, THRESHOLDS, Change, Lines
from deliverability.findings import FAULTS, Severity
from deliverability.policy.judging import OFF, is_glob
from deliverability.policy.model import Judging
from deliverability.policy.reader import Reader, Table, misplaced, quoted, shown

SEVERITIES = tuple(one.value for one in FAULTS)
LEAST_CONFIDENCE, MOST_CONFIDENCE = 0.5, 0.9999
"""Below, an interval holds the truth less often than a coin does; above, no campaign has mail enough. Ours."""
LEAST_SHARE = 1e-6
"""A line at nothing has every share past it. Ours: one in a million."""
MOST_MINIMUM = 10**9
MOST_PATTERNS = 1_000
"""Lines of `[checks]`, each of which is held against every check. There are fewer checks."""
LONGEST_PATTERN = 100
"""Characters of a glob: what it costs to try one grows with them. The longest id has some thirty."""


def read_judging(reader: Reader) -> Judging:
    """What the file says of checks and of lines; complains to `reader`."""
    lines = read_lines(reader.root.table("thresholds"))
    return Judging(severities=read_severities(reader.root.table("checks")), lines=None if lines == Lines() else lines)


def read_severities(table: Table) -> tuple[tuple[str, Severity | None], ...]:
    """`[checks]`: id or glob = severity or "off", in the order of the file."""
    found: list[tuple[str, Severity | None]] = []
    if len(table.values) > MOST_PATTERNS:
        table.reader.wrong(table.path, f"[checks] has more than {MOST_PATTERNS:,} lines: use globs")
        return ()
    for pattern, value in table.values.items():
        known = is_check(table, pattern, pattern)
        if isinstance(value, str) and value in {*SEVERITIES, OFF}:
            found += [(pattern, None if value == OFF else Severity(value))] * known
        else:
            words = (*SEVERITIES, OFF)
            table.wrong(pattern, f"a severity is one of {', '.join(words)}, not {shown(value)}", str(value), words)
    return tuple(found)


def is_check(table: Table, key: str, pattern: str) -> bool:
    """Whether an id or a glob names a check; complains at `key` where it names none."""
    if len(pattern) <= LONGEST_PATTERN and any(fnmatch.fnmatchcase(check.id, pattern) for check in CHECKS):
        return True
    what = f"no check is called {quoted(pattern)}: deliv checks lists them{misplaced(key) if key == pattern else ''}"
    families = dict.fromkeys(f"{check.id.partition('-')[0]}-*" for check in CHECKS)
    table.wrong(key, what, pattern, families if is_glob(pattern) else [check.id for check in CHECKS])
    return False


def read_lines(table: Table) -> Lines:
    """`[thresholds.ID]`, and below it `providers.NAME` and `streams.NAME`."""
    changes: dict[str, Change] = {}
    narrow: dict[str, dict[str, Mapping[str, Change]]] = {"providers": {}, "streams": {}}
    for check, one in table.named():
        if not _has_threshold(table, check):
            continue
        one.only(*FIGURES, *narrow)
        if (change := _change(one)) != Change():
            changes[check] = change
        for name, found in narrow.items():
            if names := _narrow(one, name, check):
                found[check] = names
    lines = Lines(changes=changes, by_provider=narrow["providers"], by_stream=narrow["streams"])
    _check_order(table, lines)
    return lines


def _has_threshold(table: Table, check: str) -> bool:
    known = (*THRESHOLDS, *BANDS)
    if check in known:
        return True
    exists = any(one.id == check for one in CHECKS)
    what = f"{check} judges no share by a line" if exists else f"no check is called {quoted(check)}"
    table.wrong(check, f"{what}: thresholds are of {', '.join(known)}", check, known)
    return False


def _change(table: Table) -> Change:
    warn, fail = (table.number(key, LEAST_SHARE, 1, "a fraction above 0 and up to 1") for key in ("warn", "fail"))
    bounds = f"a number from {LEAST_CONFIDENCE} to {MOST_CONFIDENCE}"
    confidence = table.number("confidence", LEAST_CONFIDENCE, MOST_CONFIDENCE, bounds)
    return Change(warn=warn, fail=fail, minimum=_minimum(table), confidence=confidence)


def _minimum(table: Table) -> int | None:
    value = table.values.get("minimum")
    if value is None or (type(value) is int and 1 <= value <= MOST_MINIMUM):
        return value
    table.wrong("minimum", f"{table.spelled('minimum')} is a whole number of messages, at least 1, not {shown(value)}")
    return None


def _narrow(table: Table, name: str, check: str) -> dict[str, Change]:
    """The lines of providers or of streams, where the check tells them apart."""
    if name not in table:
        return {}
    apart = BY_PROVIDER if name == "providers" else BY_STREAM
    if check not in apart:
        kind = name.removesuffix("s")
        table.wrong(
            name, f"{check} is not judged by {kind}: of {', '.join(ids(apart))} the figure of each {kind} is known"
        )
        return {}
    found: dict[str, Change] = {}
    for key, one in table.table(name).named():
        one.only(*FIGURES)
        if name == "streams" or _is_provider(one, key):
            found[key] = _change(one)
    return found


def ids(apart: Collection[str]) -> list[str]:
    """The checks of `apart` in the order in which `[thresholds]` has them."""
    return [check for check in (*THRESHOLDS, *BANDS) if check in apart]


def _is_provider(table: Table, name: str) -> bool:
    from deliverability.events.providers import PROVIDERS  # noqa: PLC0415 - tables, read where one is named

    if name in PROVIDERS:
        return True
    table.reader.wrong(table.path, f"no mailbox provider is called {quoted(name)}", name, PROVIDERS)
    return False


def _check_order(table: Table, lines: Lines) -> None:
    """The upper line is above the lower one, whichever of them the file leaves to deliv."""
    everywhere = [((check,), "", "") for check in lines.changes]
    providers = [((c, "providers", name), name, "") for c, names in lines.by_provider.items() for name in names]
    streams = [((c, "streams", name), "", name) for c, names in lines.by_stream.items() for name in names]
    for path, provider, stream in (*everywhere, *providers, *streams):
        check = path[0]
        judged = lines.band(check, provider) if check in BANDS else lines.of(check, provider, stream)
        if judged.warn > judged.fail:
            what = f"warn ({judged.warn:g}) is above fail ({judged.fail:g}): set both"
            table.reader.wrong((*table.path, *path), what)
