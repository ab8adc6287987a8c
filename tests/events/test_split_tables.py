"""Exports whose rows do not stand alone: the file's name says what they are, or the half of an event is elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deliverability.events.reading import load
from deliverability.ingest import ingest
from deliverability.intake.trouble import Troubles
from deliverability.rates import Asked, rates

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MAIN = (
    "id,_fivetran_synced,created,email_campaign_id,portal_id,sent_by_id,type,filtered_event,recipient\n"
    "s1,2026-10-02,2026-10-01 10:00:00,7,1,,SENT,,a@example.test\n"
    "b1,2026-10-02,2026-10-01 10:00:05,7,1,s1,BOUNCE,,a@example.test\n"
    "s2,2026-10-02,2026-10-01 10:00:00,7,1,,SENT,,b@example.test\n"
    "b2,2026-10-02,2026-10-01 10:00:07,7,1,s2,BOUNCE,,b@example.test\n"
)
BOUNCES = (
    "id,_fivetran_synced,category,status,response\n"
    "b1,2026-10-02,UNKNOWN_USER,5.1.1,550 5.1.1 no such user here\n"
    "b2,2026-10-02,POLICY,5.7.26,550-5.7.26 Your email has been blocked because the sender is unauthenticated.\n"
)
OPENS = "id,_fivetran_synced,duration,browser,ip_address,location,user_agent\no1,2026-10-02,9,x,,,y\n"
PRINTS = "id,_fivetran_synced,browser,ip_address,location,user_agent\np1,2026-10-02,x,,,y\n"


def written(folder: Path, **files: str) -> list[str]:
    """The paths of files in the order given."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return [str(folder / f"{name}.csv") for name in files]


def counted(paths: Sequence[str], troubles: Troubles | None = None) -> dict[str, Any]:
    return rates(paths, Asked(now=NOW), troubles=troubles)


class TestHalves:
    @pytest.mark.parametrize(
        ("first", "source"), [("email_event_data", "hubspot"), ("email_event_bounce_data", "auto")]
    )
    def test_a_bounce_has_its_time_in_one_table_and_its_reply_in_another(
        self, tmp_path: Path, first: str, source: str
    ) -> None:
        files = {"email_event_data": MAIN, "email_event_bounce_data": BOUNCES}
        paths = written(tmp_path, **{first: files[first], **files})

        document = rates(paths, Asked(now=NOW, source=source))

        total = document["totals"]
        assert (total["sent"], total["bounced"], total["bounced_hard"], total["bounced_block"]) == (2, 2, 1, 1)
        assert (document["input"]["rows"], document["input"]["bad"], document["input"]["duplicates"]) == (6, 0, 0)

    def test_rows_of_either_table_that_come_twice_count_once(self, tmp_path: Path) -> None:
        paths = written(
            tmp_path, email_event_data=MAIN, again=MAIN, email_event_bounce_data=BOUNCES, email_event_bounce_2=BOUNCES
        )

        document = counted(paths)

        assert (document["totals"]["sent"], document["totals"]["bounced"]) == (2, 2)
        assert (document["input"]["rows"], document["input"]["bad"], document["input"]["duplicates"]) == (12, 0, 4)

    def test_a_half_alone_is_bad_where_it_stands(self, tmp_path: Path) -> None:
        troubles = Troubles()
        paths = written(tmp_path, email_event_data=MAIN, email_event_open_data=OPENS)

        document = counted(paths, troubles)

        assert (document["totals"]["opened"], document["input"]["rows"]) == (0, 5)
        assert troubles.by_reason == {"event-not-in-files": 1}
        assert [(Path(bad.file).name, bad.line) for bad in troubles.examples] == [("email_event_open_data.csv", 2)]

    def test_a_half_alone_of_what_is_no_event_of_a_message_is_ignored(self, tmp_path: Path) -> None:
        document = counted(written(tmp_path, email_event_data=MAIN, email_event_print_data=PRINTS))

        assert (document["input"]["bad"], document["input"]["ignored"], document["input"]["rows"]) == (0, 1, 5)

    def test_a_row_with_neither_time_nor_id_is_bad(self, tmp_path: Path) -> None:
        troubles = Troubles()
        nothing = "id,_fivetran_synced,category,status,response\n,2026-10-02,UNKNOWN_USER,5.1.1,550 5.1.1 no\n"

        document = counted(written(tmp_path, email_event_data=MAIN, email_event_bounce_data=nothing), troubles)

        assert (troubles.by_reason, document["input"]["rows"]) == ({"no-time": 1}, 5)

    def test_a_store_keeps_events_whole(self, tmp_path: Path) -> None:
        store = tmp_path / "mail.duckdb"

        done = ingest(written(tmp_path, email_event_bounce_data=BOUNCES, email_event_data=MAIN), store, now=NOW)

        kept = counted([str(store)])["totals"]
        assert (done.rows, done.added, done.bad) == (6, 4, 0)
        assert (kept["sent"], kept["bounced_hard"], kept["bounced_block"]) == (2, 1, 1)


class TestKindInTheName:
    NAMES = ("users.messages.email.Send", "users.messages.email.Open", "users.messages.email.Click")

    def files(self, folder: Path, *forms: str) -> list[str]:
        """Three tables of Braze whose rows do not say what they are, each in its form."""
        paths: list[str] = []
        for name, form in zip(self.NAMES, forms, strict=True):
            rows = [
                {
                    "id": f"{name}{n}",
                    "time": 1791795600 + n,
                    "dispatch_id": "d",
                    "user_id": f"u{n}",
                    "email_address": f"a{n}@example.test",
                    "campaign_id": "c",
                }
                for n in range(3)
            ]
            lines = [json.dumps(row) for row in rows]
            if form == "csv":
                lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
            text = f"[{','.join(lines)}]" if form == "array" else "\n".join(lines) + "\n"
            path = folder / f"event_type={name}" / f"part.{form}"
            path.parent.mkdir()
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        return paths

    @pytest.mark.parametrize("direct", [0, 1 << 30], ids=["engine", "python"])
    def test_each_file_is_of_its_own_kind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: int) -> None:
        monkeypatch.setattr(load, "DIRECT", direct)

        document = counted(self.files(tmp_path, "json", "array", "csv"))

        total = document["totals"]
        assert (total["sent"], total["opened"], total["clicked"]) == (3, 3, 3)
        assert (total["opens_total"], total["clicks_total"]) == (3, 3)
        assert (document["input"]["rows"], document["input"]["bad"]) == (9, 0)

    def test_there_may_be_more_kinds_than_files_are_kept_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(load, "MAX_SPOOLS", 1)
        paths = self.files(tmp_path, "json", "json", "json")

        total = counted([*paths, *paths])["totals"]

        assert (total["sent"], total["opens_total"], total["clicks_total"]) == (3, 3, 3)
