"""Rows of ours as a Parquet file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deliverability.events.engine import open_engine
from deliverability.events.reading.canonical import named, quoted


def write_parquet(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write `rows` to `path`, whole or not at all. Raises EngineMissing, EngineFailed, OSError."""
    with open_engine(folder=path.resolve().parent) as engine:
        lines, made = engine.folder / "rows.ndjson", engine.folder / "rows.parquet"
        with lines.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(dict(row)) + "\n" for row in rows)
        kinds = ", ".join(f"{quoted(name)}: {quoted(_kind(name, rows))}" for name in columns)
        read = f"read_json({quoted(str(lines))}, format='newline_delimited', columns={{{kinds}}})"
        engine.run(f"COPY (SELECT {', '.join(map(named, columns))} FROM {read}) TO {quoted(str(made))}")
        made.replace(path)


def _kind(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    values = [row[name] for row in rows if row.get(name) is not None]
    if any(isinstance(value, str) for value in values):
        return "VARCHAR"
    return "DOUBLE" if not values or any(isinstance(value, float) for value in values) else "BIGINT"
