"""The rows of campaign counts in one stream, and whether a stream holds such rows: told from its head, not its name."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from deliverability.campaign_fields import are_campaigns, names_of
from deliverability.events.engine import Engine, open_engine
from deliverability.events.reading.canonical import named, quoted
from deliverability.events.reading.layout import HEAD, Layout, Look, look_at
from deliverability.events.reading.pieces import Recoded, Rejoined, filled
from deliverability.events.reading.relations import alias, parquet_heads
from deliverability.events.reading.request import said
from deliverability.events.reading.rows import Row, csv_rows
from deliverability.events.reading.values import Broken, Readable, read_values
from deliverability.events.recognise import best
from deliverability.events.source import Source, as_row
from deliverability.intake.paths import STDIN
from deliverability.intake.streams import Kind, open_stream, parts_of
from deliverability.intake.trouble import Refused

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The byte-order marks of what spreadsheets call Unicode text."""
NO_COLUMNS = "no columns sent and campaign or date, or one of a single recipient"
"""Why a file is none of them."""
BATCH = 10_000
"""Rows that are taken from the engine at a time."""
MAX_TEXT = 1_000
"""Characters of a field of Parquet that are looked at, twice what any may have."""


@contextmanager
def opened_rows(stream: Readable) -> Generator[tuple[Collection[str], Iterator[Row | Broken]]]:
    """The heads and the rows of one stream. Raises Refused where it holds none, and again where it breaks off.

    A head of JSON that none of the first rows has is not looked at.
    """
    head, stream, look = _looked(stream)
    whole = Rejoined(head, stream)
    if look.layout is Layout.EMPTY:
        yield (), iter(())
    elif look.layout is Layout.PARQUET:
        with open_engine() as engine:
            path = engine.folder / "rows.parquet"
            with path.open("wb") as out:
                shutil.copyfileobj(whole, out, 1 << 20)
            yield _parquet(engine, path)
    elif holds_campaigns(look):
        heads = dict.fromkeys(str(key) for value in look.sample for key in as_row(value) or ())
        if look.layout is Layout.CSV:
            yield [head.strip().strip("\ufeff") for head in heads], csv_rows(whole, look.delimiter)
        else:
            yield heads, _json(whole)
    else:
        raise Refused("not-campaign-rows", NO_COLUMNS)


def _looked(stream: Readable) -> tuple[bytes, Readable, Look]:
    head = stream.read(HEAD)
    if head.startswith(UTF_16):
        stream = Recoded(Rejoined(head, stream))
        head = filled(stream, HEAD)
    return head, stream, look_at(head)


def holds_campaigns(look: Look) -> bool:
    """Whether a file of CSV or JSON that looks so holds campaign rows."""
    if look.layout not in {Layout.CSV, Layout.LINES, Layout.VALUES} or not look.sample:
        return False
    return are_campaigns([str(key) for key in as_row(look.sample[0]) or ()])


def holds_rows(path: str, sources: Mapping[str, Source]) -> bool | None:
    """Whether the file at `path` holds campaign rows, and no events of `sources`; None where that cannot be told."""
    try:
        if path == STDIN:
            return _peeked(sources)
        for part in open_stream(path):
            look = _looked(part.stream)[2]
            if look.layout is Layout.PARQUET:
                return _parquet_holds(Path(path), sources) if part.kind is Kind.PLAIN else None
            if look.layout is not Layout.EMPTY:
                return _is_rows(look, sources)
    except Refused:
        return None
    return None


def _is_rows(look: Look, sources: Mapping[str, Source]) -> bool:
    return holds_campaigns(look) and not any(best(value, sources) for value in look.sample)


def _peeked(sources: Mapping[str, Source]) -> bool | None:
    """What standard input holds, without taking anything from it."""
    waiting: Any = getattr(sys.stdin, "buffer", None)
    if waiting is None:
        return None
    if hasattr(waiting, "peek"):
        head = waiting.peek(HEAD)
    else:
        head = waiting.read(HEAD)
        waiting.seek(-len(head), os.SEEK_CUR)
    begun = next(parts_of(STDIN, io.BytesIO(head)), None)
    return None if begun is None else _is_rows(look_at(begun.stream.peek(HEAD)), sources)


def _parquet_holds(path: Path, sources: Mapping[str, Source]) -> bool | None:
    import duckdb  # noqa: PLC0415 - 150 ms, and an extra

    with open_engine() as engine:
        try:
            heads = parquet_heads(engine, alias(engine, path))
        except duckdb.Error:
            return None
    return are_campaigns(heads) and not best(dict.fromkeys(heads, ""), sources)


def _json(stream: Readable) -> Iterator[Row | Broken]:
    for found in read_values(stream):
        if isinstance(found, Broken):
            yield found
        elif (row := as_row(found.value)) is not None:
            yield Row(found.line, dict(row))
        else:
            yield Broken(found.line, "not-an-object", "")


def _parquet(engine: Engine, path: Path) -> tuple[Collection[str], Iterator[Row]]:
    import duckdb  # noqa: PLC0415 - loaded with the engine

    try:
        heads = parquet_heads(engine, path)
    except duckdb.Error as error:
        raise Refused("not-parquet", said(error)) from None
    if not are_campaigns(heads):
        raise Refused("not-campaign-rows", NO_COLUMNS)
    return heads, _parquet_rows(engine, path, list(names_of(heads).values()))


def _parquet_rows(engine: Engine, path: Path, heads: Sequence[str]) -> Iterator[Row]:
    """The rows of a Parquet file; the line of each is its number, from 1."""
    import duckdb  # noqa: PLC0415 - as above

    texts = ", ".join(f"left(CAST({named(head)} AS VARCHAR), {MAX_TEXT})" for head in heads)
    query = f"SELECT {texts} FROM read_parquet({quoted(str(path))})"  # noqa: S608 - names and path are quoted
    try:
        engine.run("SET preserve_insertion_order = true")
        found = engine.connection.execute(query)
        numbers = count(1)
        while batch := found.fetchmany(BATCH):
            yield from (Row(next(numbers), dict(zip(heads, cells, strict=True))) for cells in batch)
    except duckdb.Error as error:
        raise Refused("not-parquet", said(error)) from None
