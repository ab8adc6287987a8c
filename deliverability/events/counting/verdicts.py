"""What refusals mean: each distinct reply classified once, in Python, and joined to its messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from deliverability.events.counting.staging import SEPARATOR
from deliverability.events.engine import Engine
from deliverability.events.source import Source
from deliverability.events.sources.generic import GENERIC
from deliverability.events.sources.postfix import POSTFIX


def judge_replies(engine: Engine, sources: Mapping[str, Source], said: str) -> None:
    """Make the table `verdict`: reply → reason, persistence and the enhanced code it was judged by.

    `said` is an SQL relation; its `reply` is the id of the mail system that answered, or nothing, and `staging.REPLY`.
    """
    replies = (str(reply) for (reply,) in engine.run(f"SELECT DISTINCT reply FROM {said} WHERE reply IS NOT NULL"))
    path = engine.folder / "verdicts.ndjson"
    _write(path, replies, sources)
    columns = "{'reply': 'VARCHAR', 'reason': 'VARCHAR', 'persistence': 'VARCHAR', 'code': 'VARCHAR'}"
    read = f"read_json('{path}', format='newline_delimited', columns={columns})"
    engine.run(f"CREATE OR REPLACE TEMP TABLE verdict AS SELECT * FROM {read}")


def _write(path: Path, replies: Iterable[str], sources: Mapping[str, Source]) -> None:
    from deliverability.events.classify import classify  # noqa: PLC0415 - its rules are only wanted where mail bounced

    with path.open("w", encoding="utf-8") as out:
        for reply in replies:
            system, name, smtp_code, enhanced, word, text = (*reply.split(SEPARATOR, 5), *[""] * 5)[:6]
            # a user's own source whose events are kept is not known in every later run; its classes are in our words
            hint = (POSTFIX if name == POSTFIX.name else sources.get(name, GENERIC)).classes.get(word)
            said = classify(
                text, status=enhanced or None, reply_code=smtp_code or None, provider=system or None, hint=hint
            )
            row = {"reply": reply, "reason": said.reason, "persistence": said.persistence, "code": enhanced}
            out.write(json.dumps(row) + "\n")
