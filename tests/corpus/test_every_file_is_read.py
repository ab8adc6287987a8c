"""Every event, bounce, complaint, report and log of the shared corpora, through the commands: a table of what is read.

`pytest -s` prints it. What is refused is counted exactly and for a reason that stands here; nothing ends in an error.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from support.shared import shared

pytestmark = pytest.mark.corpus

PAPERS = ("LICENSE", "COPYRIGHT", "SOURCE.md", "README", "MIT-LICENSE", "labels.csv")
"""What a corpus says about itself: how the names of those files begin."""
UNITS = {"rates": "rows", "bounces": "mails", "dmarc": "reports", "tls": "reports"}


@dataclass(frozen=True)
class Set:
    """One corpus, or a part of it, as one command's input."""

    name: str
    """Its folder below the shared data."""
    command: str
    files: int
    read: int
    """Rows, mails or reports, duplicates included."""
    bad: Mapping[str, int] = field(default_factory=dict[str, int])
    """Reason → how many."""
    why: str = ""
    """What is refused, and why that is right."""
    code: int = 0
    """The exit code: 3 where most of the input is of another kind, or no event is left for a claim."""
    suffixes: tuple[str, ...] = ()
    """Files of these alone, where the folder holds other kinds as well."""

    @property
    def paths(self) -> list[str]:
        """The files, without what the corpus says about itself."""
        found = (path for path in shared("data", self.name).rglob("*") if path.is_file())
        kept = (path for path in found if not path.name.startswith(PAPERS))
        return sorted(str(path) for path in kept if not self.suffixes or path.suffix in self.suffixes)


SISIMAI = "sisimai-set-of-emails"
STALWART = "stalwart-mail-auth/resources"
NO_EVENT = "unknown-source"
SETS = (
    Set("aws-ses-doc-examples", "rates", 15, 15),
    Set("sendgrid-doc-examples", "rates", 11, 21, {NO_EVENT: 1}, "a row of nothing but a sender's own argument"),
    Set("symfony-mailer-webhooks/Brevo", "rates", 8, 8),
    Set("symfony-mailer-webhooks/Mailgun", "rates", 5, 5),
    Set("symfony-mailer-webhooks/Postmark", "rates", 4, 4),
    Set("sparkpost-gosparkpost/events", "rates", 1, 19),
    Set("sparkpost-gosparkpost/test", "rates", 12, 3, {NO_EVENT: 9}, "suppression lists and an error", code=3),
    Set(
        "fivetran-dbt-hubspot",
        "rates",
        14,
        1037,
        {"event-not-in-files": 832, NO_EVENT: 2},
        "details of events that are not in the sample; campaigns; mails of a CRM",
        code=3,
    ),
    Set("fgforrest-postfix-log", "rates", 1, 47_682),
    Set("crowdsec-hub-mail-logs/tests/postfix-relay", "rates", 1, 2),
    Set("crowdsec-hub-mail-logs/tests/postfix-non-smtp", "rates", 1, 1),
    Set(f"{SISIMAI}/obsoleted", "rates", 12, 8, {NO_EVENT: 4}, "lists of bounced addresses, without messages"),
    Set(f"{SISIMAI}/maildir/bsd", "bounces", 307, 307),
    Set(f"{SISIMAI}/maildir/dos", "bounces", 40, 40),
    Set(f"{SISIMAI}/maildir/mac", "bounces", 40, 40),
    Set(f"{SISIMAI}/maildir/err", "bounces", 37, 37),
    Set(f"{SISIMAI}/maildir/not", "bounces", 3, 4),
    Set(f"{SISIMAI}/maildir/tmp", "bounces", 1, 1),
    Set(f"{SISIMAI}/mailbox", "bounces", 5, 38, {"empty": 2, "not-a-mail": 1}, "files of 0, 1 and 3 octets"),
    Set(f"{SISIMAI}/to-be-debugged-because", "bounces", 2, 2),
    Set("flufl.bounce", "bounces", 51, 51),
    Set("php-bounce-handler", "bounces", 29, 28, {"not-a-mail": 1}, "a dump of a program's variables"),
    Set("bounce_email-ruby", "bounces", 20, 20),
    Set("mikel-mail-reports", "bounces", 3, 3),
    Set("mimekit-reports", "bounces", 7, 7),
    Set("kumomta/crates", "bounces", 8, 8),
    Set(f"{STALWART}/arf", "bounces", 5, 5, suffixes=(".eml",)),
    Set("parsedmarc-samples/samples/failure", "bounces", 3, 3),
    Set(f"{STALWART}/dmarc-feedback", "dmarc", 5, 5, suffixes=(".eml", ".xml")),
    Set("parsedmarc-samples/samples/aggregate", "dmarc", 9, 8, {"malformed-xml": 1}, "an element that is an address"),
    Set("parsedmarc-samples/samples/aggregate_invalid", "dmarc", 1, 1),
    Set("parsedmarc-samples/samples/extract_report", "dmarc", 3, 3),
    Set(f"{STALWART}/tlsrpt", "tls", 3, 3),
    Set("parsedmarc-samples/samples/smtp_tls", "tls", 3, 3),
)


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """The lines of the table, printed once all are there."""
    lines = [f"{'data set':50}{'command':>9}{'files':>7}{'read':>8}{'bad':>6}  why"]
    yield lines
    print("", *lines, sep="\n")


@pytest.mark.parametrize("case", SETS, ids=lambda case: f"{case.name} {case.command}")
def test_a_corpus_is_read(
    case: Set, table: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIV_KEY", "key")
    rejects = tmp_path / "rejects.ndjson"
    assert len(case.paths) == case.files

    code = run([case.command, *case.paths, "-f", "json", "--rejects", str(rejects)])

    said, warned = capsys.readouterr()
    read: dict[str, Any] = json.loads(said)["input"]
    bad = Counter(json.loads(line)["reason"] for line in rejects.read_text(encoding="utf-8").splitlines())
    table.append(
        f"{case.name:50}{case.command:>9}{read['files']:7}{_units(case.command, read):8,}{read['bad']:6}  {case.why}"
    )
    assert "internal error" not in warned
    assert "Traceback" not in warned
    assert (code, read["files"], _units(case.command, read)) == (case.code, case.files, case.read)
    assert (bad, read["bad"]) == (case.bad, sum(case.bad.values()))


def _units(command: str, read: dict[str, Any]) -> int:
    """Rows, mails or reports that were read. Duplicates are no part of the reports, and are of the rows."""
    number: int = read[UNITS[command]]
    return number + read["duplicates"] if UNITS[command] == "reports" else number


def test_no_folder_of_mail_events_or_reports_is_left_out() -> None:
    """Every file of the sets above stands in one of them, or is of a kind that is named here."""
    others = {".toml": "tables of kumomta", ".log": "Exim's logs", ".json": "what stalwart makes of the mail beside it"}
    read = {path for case in SETS for path in case.paths}
    tops = {case.name.partition("/")[0] for case in SETS} - {"symfony-mailer-webhooks"}
    every = {str(p) for top in tops for p in shared("data", top).rglob("*") if p.is_file()}
    left = {p for p in every - read if not Path(p).name.startswith(PAPERS) and "LICENSES" not in p}

    assert {Path(path).suffix for path in left} == set(others)
    assert len(left) == 4 + 2 + 10
