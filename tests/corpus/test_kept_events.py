"""Events that are kept count as those in the files they came from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deliverability.ingest import ingest
from deliverability.rates import Asked, rates
from support.shared import shared

pytestmark = pytest.mark.corpus

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETS = (
    "aws-ses-doc-examples",
    "fgforrest-postfix-log",
    "sendgrid-doc-examples",
    "sparkpost-gosparkpost/events",
    "symfony-mailer-webhooks/Brevo",
    "symfony-mailer-webhooks/Mailgun",
    "symfony-mailer-webhooks/Postmark",
)


@pytest.mark.parametrize("place", ["mail.duckdb", "mail"])
@pytest.mark.parametrize("name", SETS)
def test_a_store_counts_what_its_files_count(name: str, place: str, tmp_path: Path) -> None:
    files = [str(shared("data") / name)]
    asked = Asked(by=("day", "source"), now=NOW)
    plain = rates(files, asked)

    done = ingest(files, tmp_path / place, now=NOW)
    kept = rates([str(tmp_path / place)], asked)

    assert done.added
    assert kept["rows"] == plain["rows"]
    assert kept["totals"] == plain["totals"]
