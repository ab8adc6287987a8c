"""From files to the staged events: what each file is, whose it is, and the fastest reading of it that loses nothing."""

from __future__ import annotations

import json
import shutil
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from deliverability.events.counting.table import IS_BAD, Staged
from deliverability.events.engine import Engine, EngineFailed
from deliverability.events.postfix import read_log
from deliverability.events.postfix.rows import LOG_COLUMNS, LOG_FORMAT
from deliverability.events.reading import relations
from deliverability.events.reading.canonical import canonical_query, quoted
from deliverability.events.reading.halves import ALONE, Halves
from deliverability.events.reading.layout import HEAD, Layout, Look, look_at
from deliverability.events.reading.pieces import NOTHING, Recoded, Rejoined, count_lines, csv_head, filled, pieces
from deliverability.events.reading.request import Request, Table, column_names, holds_nothing, needs_python, said
from deliverability.events.reading.rows import Row, csv_rows, json_rows
from deliverability.events.reading.spool import FILE, LINE, Spool
from deliverability.events.reading.values import MAX_VALUE, Broken, Readable
from deliverability.events.recognise import recognise
from deliverability.events.source import Source
from deliverability.events.sources.kept import KEPT, KEY
from deliverability.events.sources.postfix import POSTFIX
from deliverability.events.store.files import NotAStore, check_version
from deliverability.intake.paths import STDIN, expand
from deliverability.intake.streams import Kind, Part, open_stream
from deliverability.intake.trouble import Bad, Refused, Troubles

DIRECT = 4 * 1024 * 1024
"""Octets from which a file is read by the engine itself; below, Python is as fast and knows every line's number."""


UTF_16 = (BOM_UTF16_LE, BOM_UTF16_BE)
"""The byte-order marks of what spreadsheets call Unicode text."""

MAX_SPOOLS = 64
"""Files of rows that are open at a time; there is one for each source and for each kind that a file's name says."""


class Loader:
    """Reads files into a table, and counts what it read."""

    def __init__(
        self,
        engine: Engine,
        table: Table,
        request: Request,
        troubles: Troubles,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._request = request
        self._troubles = troubles
        self._progress = progress
        self._table = table
        if request.zone is not None:
            engine.run("SET VARIABLE zone = ?", [str(request.zone)])
        self._halves = Halves(engine)
        self._spools: dict[tuple[str, str, bool], Spool] = {}
        self._made = 0
        self._names: list[str] = []
        self.rows = 0
        self.ignored = 0
        self.recognised: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.logs: Counter[str] = Counter()

    @property
    def files(self) -> int:
        """How many files were read, each member of an archive counted."""
        return len(self._names)

    def load(self, paths: Sequence[str]) -> None:
        """Read every file that `paths` mean. Raises MissingPath, EngineFailed, OSError (no room to unpack in)."""
        for path in expand(paths):
            try:
                for part in open_stream(path):
                    on_disk = part.kind is Kind.PLAIN and path != STDIN and Path(path).is_file()
                    self._part(part, Path(path) if on_disk else None)
            except Refused as refused:
                self._troubles.refuse(path, refused)
        for spool in self._spools.values():
            self._load_spool(spool)
        self._join_halves()
        self._table.leave_out_the_future(self._request.now, self._troubles)

    def _part(self, part: Part, path: Path | None) -> None:
        """One stream; `path` where its octets lie on disk as they are."""
        self._names.append(part.name)
        size = path.stat().st_size if path else 0
        try:
            self._stream(part.stream, path)
        except Refused as refused:
            self._troubles.refuse(part.name, refused)
        self._progress(size or part.octets)

    def _stream(self, stream: Readable, path: Path | None) -> None:
        head = stream.read(HEAD)
        if head.startswith(UTF_16):
            stream, path = Recoded(Rejoined(head, stream)), None
            head = filled(stream, HEAD)
        look = look_at(head)
        if look.layout is Layout.VALUES and not look.sample:  # one value, an envelope of many rows
            head += filled(stream, MAX_VALUE)
            look = look_at(head)
        if head.startswith(BOM_UTF8) and look.layout is Layout.LINES:
            head, path = head.removeprefix(BOM_UTF8), None  # the engine would leave out the first line
        self._read(Rejoined(head, stream), path, look)

    def _read(self, stream: Readable, path: Path | None, look: Look) -> None:
        if look.layout is Layout.EMPTY or holds_nothing(look, self._request.sources):
            return
        if look.layout is Layout.LOG:
            self._log(stream)
        elif look.layout in {Layout.PARQUET, Layout.STORE}:
            with self._on_disk(stream, path) as whole:
                (self._parquet if look.layout is Layout.PARQUET else self._store)(whole)
        else:
            self._rows(stream, path, look, self._source(look))

    def _rows(self, stream: Readable, path: Path | None, look: Look, source: Source) -> None:
        """JSON or CSV: by the engine where it can, else in Python."""
        if not needs_python(look, source):
            if path is None and look.layout is Layout.LINES:
                return self._in_pieces(stream, source)
            if path is not None and path.stat().st_size >= DIRECT and self._directly(path, source, look):
                return None
        return self._spooled(
            csv_rows(stream, look.delimiter) if look.layout is Layout.CSV else json_rows(stream, source), source
        )

    def _source(self, look: Look) -> Source:
        if look.layout is Layout.OTHER or not look.sample:
            raise Refused("not-events", "neither JSON, CSV, Parquet nor a mail log")
        name = self._names[-1]
        columns = column_names(look)
        if self._request.source is not None:
            return self._known(self._request.source.at(name, columns), "named by the user")
        found = recognise(look.sample, self._request.sources)
        if found.source is None:
            raise Refused("unknown-source", found.reason)
        return self._known(found.source.at(name, columns), found.reason.removeprefix(f"{found.source.name}: "))

    def _known(self, source: Source, why: str) -> Source:
        self.recognised[source.name] += 1
        self.reasons.setdefault(source.name, why)
        return source

    # what the engine itself reads --------------------------------------------------------------------------------

    def _directly(self, path: Path, source: Source, look: Look) -> bool:
        """Let the engine read the file; False, with nothing done, where Python has to."""
        link = relations.alias(self._engine, path)
        if look.layout is Layout.LINES:
            return self._lines(link, source)
        if look.layout is Layout.CSV:
            relation = relations.csv_relation(link, csv_head(path, look.delimiter), look.delimiter, source)
        else:
            relation = relations.json_relation(link, source.raw, array=True)
        return self._all_or_nothing(canonical_query(source, relation), source)

    def _all_or_nothing(self, query: str, source: Source) -> bool:
        import duckdb  # noqa: PLC0415 - loaded with the engine

        self._table.begin()
        try:
            staged = self._table.insert(query, source)
        except duckdb.Error:
            self._table.rollback()
            return False
        if staged.bad:  # only Python knows their lines
            self._table.rollback()
            return False
        self._table.commit()
        self._count(staged)
        return True

    def _lines(self, path: Path, source: Source, *, first_line: int = 1) -> bool:
        """JSON lines: the good ones at once, then the bad ones one by one. False where the engine cannot read on."""
        import duckdb  # noqa: PLC0415 - loaded with the engine

        if relations.has_long_line(path):
            return False
        self._table.begin()
        try:
            staged = self._table.insert(canonical_query(source, relations.json_relation(path, source.raw)), source)
            again = self._bad_lines(path, source) if staged.bad else None
        except duckdb.Error:
            self._table.rollback()
            return False
        self._table.commit()
        self._count(staged)
        if again:
            self._again(again, source, first_line)
        return True

    def _bad_lines(self, path: Path, source: Source) -> Path:
        """A file with the number and the text of each line that is no event."""
        found = self._engine.folder / "bad.ndjson"
        bad = canonical_query(source, relations.lines_relation(path, source), file="line", line="number")
        query = f"SELECT DISTINCT source_line AS number, source_file AS line FROM ({bad}) WHERE {IS_BAD} ORDER BY 1"
        self._engine.run("SET preserve_insertion_order = true")
        try:
            self._engine.run(f"COPY ({query}) TO {quoted(str(found))} (FORMAT json)")
        finally:
            self._engine.run("SET preserve_insertion_order = false")
        return found

    def _again(self, lines: Path, source: Source, first_line: int) -> None:
        """Read lines that are no event as what each may be: several objects, half of one, nothing."""
        with lines.open("rb") as file:
            for found in map(json.loads, file):
                line = first_line + found["number"] - 1
                rows = json_rows(Rejoined(found["line"].encode(), NOTHING), source, first_line=line)
                self._spooled(rows, source)

    def _in_pieces(self, stream: Readable, source: Source) -> None:
        """JSON lines out of a compressed file: a piece on disk at a time."""
        first_line = 1
        for piece in pieces(stream, self._engine.folder / "piece"):
            if not self._lines(piece, source, first_line=first_line):
                with piece.open("rb") as file:
                    self._spooled(json_rows(file, source, first_line=first_line), source)
            first_line += count_lines(piece)

    def _parquet(self, path: Path) -> None:
        import duckdb  # noqa: PLC0415 - loaded with the engine

        link = relations.alias(self._engine, path)
        try:
            heads = relations.parquet_heads(self._engine, link)
            if KEY in heads:
                return self._kept(f"read_parquet('{link}')")
            source = self._source(Look(Layout.PARQUET, (dict.fromkeys(heads, ""),)))
            relation = relations.parquet_relation(link, heads, source)
            query = canonical_query(source, relation, file=str(len(self._names) - 1), line="number")
            self._with_reasons(query, source)
        except duckdb.Error as error:
            raise Refused("not-parquet", said(error)) from None

    def _store(self, path: Path) -> None:
        import duckdb  # noqa: PLC0415 - loaded with the engine

        try:
            self._engine.run(f"ATTACH {quoted(str(path.absolute()))} AS kept (READ_ONLY)")
        except (EngineFailed, duckdb.Error) as error:  # half a file, or one that is being written to
            raise Refused("not-a-store", said(error)) from None
        try:
            check_version(self._engine, "kept")
            self._kept("kept.deliv_event")
        except NotAStore as error:
            raise Refused("not-a-store", str(error)) from None
        except duckdb.Error as error:
            raise Refused("not-a-store", said(error)) from None
        finally:
            self._engine.run("DETACH kept")

    def _kept(self, relation: str) -> None:
        """Events that deliv has kept: canonical already."""
        self._count(self._table.insert(relations.kept_query(relation), self._known(KEPT, "events that deliv keeps")))

    def _log(self, stream: Readable) -> None:
        """A Postfix log: its rows are written out first, since only its end tells which year it began in."""
        self._known(POSTFIX, "lines of Postfix in a system log")
        rows = self._engine.folder / "log.tsv"
        with rows.open("wb") as out:
            counts = read_log(
                stream,
                name=self._names[-1],
                now=self._request.now,
                zone=self._request.zone or UTC,
                emit=out.write,
                troubles=self._troubles,
            )
        relation = relations.log_relation(rows, LOG_COLUMNS, LOG_FORMAT, counts.years_over)
        self._table.insert(canonical_query(POSTFIX, relation), POSTFIX)
        self.rows += counts.lines
        kept = ("lines", "received", "sent", "deferred", "bounced", "reject", "forwarded", "expired")
        self.logs.update({name: getattr(counts, name) for name in kept})
        rows.unlink()

    # what Python reads -------------------------------------------------------------------------------------------

    def _spooled(self, rows: Iterable[Row | Broken], source: Source) -> None:
        spool = self._spool_of(source)
        number = len(self._names) - 1
        for row in rows:
            if isinstance(row, Broken):
                self._bad(number, row.line, row.reason, row.text)
                continue
            try:
                spool.add(row.fields, number, row.line)
            except ValueError:  # a number beyond what JSON can say
                self._bad(number, row.line, "not-json", "")
            if spool.is_full:
                self._load_spool(spool)

    def _spool_of(self, source: Source) -> Spool:
        """Where rows of that source are written that are of one kind where their file says so."""
        key = (source.name, source.kind, source.split)
        if key not in self._spools:
            if len(self._spools) == MAX_SPOOLS:
                self._load_spool(self._spools.pop(next(iter(self._spools))))
            self._made += 1
            self._spools[key] = Spool(source, self._engine.folder / f"spool-{self._made}.ndjson")
        return self._spools[key]

    def _load_spool(self, spool: Spool) -> None:
        if spool.size:
            spool.close()
            relation = relations.json_relation(spool.path, spool.columns)
            self._with_reasons(canonical_query(spool.source, relation, file=FILE, line=LINE), spool.source)
            spool.clear()

    def _with_reasons(self, query: str, source: Source) -> None:
        """Stage rows that know their file and line, or hold those that are halves; count the bad ones by them."""
        self._insert(self._halves if source.split else self._table, query, source)

    def _insert(self, table: Table | Halves, query: str, source: Source) -> None:
        staged = table.insert(query, source)
        self._count(staged)
        if staged.bad:
            for file, line, reason in table.bad_rows(query):
                self._bad(int(file), line, reason, "")

    def _join_halves(self) -> None:
        """Stage the events whose rows were held; what lacks its other half is bad."""
        for query, source in self._halves.joined():
            self._insert(self._table, query, source)
        joined, ignored, alone = self._halves.lent()
        self._count(Staged(good=joined, ignored=ignored, bad=0))
        for file, line in alone:
            self._bad(int(file), line, ALONE, "")

    @contextmanager
    def _on_disk(self, stream: Readable, path: Path | None) -> Generator[Path]:
        if path is not None:
            yield path
            return
        copy = self._engine.folder / "copy"
        with copy.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        yield copy
        copy.unlink()

    def _count(self, staged: Staged) -> None:
        self.rows += staged.good + staged.ignored
        self.ignored += staged.ignored

    def _bad(self, file: int, line: int | None, reason: str, text: str) -> None:
        self.rows += 1
        self._troubles.add(Bad(file=self._names[file], line=line, reason=reason, text=text))
