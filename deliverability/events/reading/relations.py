"""What the engine reads a file with: SQL relations that have a source's raw columns, whatever the file's form."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deliverability.events.engine import Engine
from deliverability.events.reading.canonical import columns_argument, named, quoted
from deliverability.events.schema import COLUMNS
from deliverability.events.source import Source
from deliverability.events.sources.kept import KEY

MAX_LINE = 16 * 1024 * 1024
"""Octets of a line that the engine reads; DuckDB's own bound of a JSON object."""


def alias(engine: Engine, path: Path) -> Path:
    """A name for `path` in the engine's folder: DuckDB would take `*` or `[` in it for a pattern, `s3:` for a place."""
    link = engine.folder / "input"
    link.unlink(missing_ok=True)
    link.symlink_to(path.absolute())
    return link


def json_relation(path: Path, columns: Mapping[str, str], *, array: bool = False) -> str:
    """A relation over JSON lines, or over one array; a row that is not JSON has all columns null."""
    form = "array" if array else "newline_delimited"
    return f"read_json({quoted(str(path))}, format='{form}', columns={columns_argument(columns)}, ignore_errors=true)"


def lines_relation(path: Path, source: Source) -> str:
    """A relation over JSON lines with `line`, the text, and `number`, from 1; for finding the few that are bad.

    The session must preserve the order of insertion.
    """
    read = (
        f"read_csv({quoted(str(path))}, auto_detect=false, header=false, columns={{'line': 'VARCHAR'}}, delim='\x01', "
        f"quote='', escape='', strict_mode=false, max_line_size={MAX_LINE})"
    )
    columns = ", ".join(f"{_taken(name, kind)} AS {named(name)}" for name, kind in source.raw.items())
    return f"""(SELECT line, number, {columns} FROM (
        SELECT line, row_number() OVER () AS number, json_valid(line) AS whole FROM {read}) WHERE line IS NOT NULL)"""


def _taken(name: str, kind: str) -> str:
    path = quoted("$." + '"' + name.replace('"', '\\"') + '"')
    value = f"json_extract(line, {path})"
    text = f"CASE WHEN json_type({value}) = 'NULL' THEN NULL ELSE json_extract_string(line, {path}) END"
    return f"CASE WHEN whole THEN {value if kind == 'JSON' else text} END"


def csv_relation(path: Path, head: Sequence[str], delimiter: str, source: Source) -> str:
    """A relation over a CSV file with these heads. The engine raises where a row does not fit them."""
    read = (
        f"read_csv({quoted(str(path))}, auto_detect=false, header=true, delim={quoted(delimiter)}, quote='\"', "
        f"escape='\"', max_line_size={MAX_LINE}, columns={columns_argument(dict.fromkeys(head, 'VARCHAR'))})"
    )
    return _by_head(read, {name: f"nullif({named(name)}, '')" for name in head}, source)


def parquet_heads(engine: Engine, path: Path) -> dict[str, str]:
    """The columns of a Parquet file and their types."""
    return {name: kind for name, kind, *_ in engine.run(f"DESCRIBE SELECT * FROM read_parquet({quoted(str(path))})")}


def parquet_relation(path: Path, heads: Mapping[str, str], source: Source) -> str:
    """A relation over a Parquet file with these columns, with `number`, from 1."""
    texts = {name: _as_text(name, kind) for name, kind in heads.items()}
    read = f"read_parquet({quoted(str(path))}, file_row_number=true)"
    return _by_head(read, texts, source, ", file_row_number + 1 AS number")


def log_relation(path: Path, columns: Mapping[str, str], form: str, years_over: int) -> str:
    """A relation over the rows of a log, in the format that they were written in, so many years earlier."""
    read = f"read_csv({quoted(str(path))}, {form}, columns={columns_argument(columns)})"
    if not years_over:
        return read
    earlier = f"epoch_us(make_timestamp(ts) - to_years({years_over}))"
    return f"(SELECT * REPLACE ({earlier} AS ts) FROM {read})"


def kept_query(relation: str) -> str:
    """The canonical rows of a store; its key is the id of each event."""
    columns = {**{name: name for name in COLUMNS}, "type": "CAST(type AS event_type)", "event_id": KEY}
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    return f"SELECT {chosen}, CAST(NULL AS VARCHAR) AS word, 1 AS part FROM {relation}"


def _as_text(name: str, kind: str) -> str:
    column = named(name)
    if kind.startswith("TIMESTAMP"):
        return f"strftime(CAST({column} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%fZ')"
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return f"CAST({f'to_json({column})' if nested else column} AS VARCHAR)"


def _by_head(read: str, texts: Mapping[str, str], source: Source, more: str = "") -> str:
    found = {name.lower(): text for name, text in texts.items()}
    columns: list[str] = []
    for name, kind in source.raw.items():
        heads = (name.lower(), *(other.lower() for other in source.aliases.get(name, ())))
        present = [found[head] for head in heads if head in found] or ["CAST(NULL AS VARCHAR)"]
        text = present[0] if len(present) == 1 else f"coalesce({', '.join(present)})"
        as_json = f"CASE WHEN json_valid({text}) THEN CAST({text} AS JSON) ELSE to_json({text}) END"
        columns.append(f"{as_json if kind == 'JSON' else text} AS {named(name)}")
    return f"(SELECT {', '.join(columns)}{more} FROM {read})"


def has_long_line(path: Path) -> bool:
    """Whether some line may be longer than the engine reads: some stretch of half that length has no line end."""
    window = MAX_LINE // 2
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return any(not _has_line_end(file.fileno(), start, window) for start in _windows(size, window))


def _windows(size: int, window: int) -> Iterator[int]:
    return iter(range(0, size - window, window))


def _has_line_end(descriptor: int, start: int, window: int) -> bool:
    """Looks at little: most lines end within the first few KiB."""
    at, step = start, 1 << 14
    while at < start + window:
        if b"\n" in os.pread(descriptor, step, at):
            return True
        at, step = at + step, step * 2
    return False
