"""Real aggregate reports and generated ones: each is read as its author says, or refused by name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deliverability.dmarc_document import to_document
from deliverability.dmarc_reports import dmarc_reports
from deliverability.feedback.aggregate import Head, Record, read
from deliverability.feedback.containers import report_parts
from deliverability.intake.bounds import DEFAULT
from deliverability.intake.trouble import Troubles
from support.shared import shared

pytestmark = pytest.mark.corpus

Json = dict[str, Any]


def only_report(path: Path) -> tuple[Head, list[Record]]:
    """The one report in a file."""
    troubles = Troubles()
    found = [list(read(candidate.stream)) for candidate in report_parts([str(path)], DEFAULT, troubles)]
    assert troubles.files == ()
    (batches,) = found
    return batches[0][0], [record for _, records in batches for record in records]


PARSES = sorted(shared("data", "stalwart-mail-auth", "resources", "dmarc-feedback").glob("*.json"))


@pytest.mark.parametrize("expected", PARSES, ids=lambda path: path.stem)
def test_a_report_is_read_as_its_author_says(expected: Path) -> None:
    said = json.loads(expected.read_text(encoding="utf-8"))
    head, records = only_report(next(p for p in expected.parent.glob(f"{expected.stem}.*") if p != expected))
    about, published = said["report_metadata"], said["policy_published"]

    assert head.identity == (
        *(about["org_name"], about["report_id"], published["domain"], about["date_range"]["begin"]),
    )
    assert head.end == about["date_range"]["end"]
    for tag in ("adkim", "aspf"):
        assert (getattr(head.published, tag) or "r")[0] == published[tag][0].lower().replace("u", "r")
    assert head.published.p == published["p"].lower()
    assert [plain(record) for record in records] == [theirs(row) for row in said["record"]]


def plain(record: Record) -> Json:
    return {
        "source_ip": record.source_ip,
        "count": record.messages,
        "judged": (record.disposition, record.dkim, record.spf),
        # they call a reason other that RFC 9990 no longer has
        "reasons": [(reason.type.replace("sampled_out", "other"), reason.comment) for reason in record.reasons],
        "header_from": record.header_from,
        "envelope_from": record.envelope_from,
        "auth": [tuple(auth) for auth in record.auth],
    }


def word(text: str) -> str:
    """Their enumerations' words in the report's spelling."""
    bare = "".join(f"_{c.lower()}" if c.isupper() else c for c in text).lstrip("_")
    return {"unspecified": "", "temp_error": "temperror", "perm_error": "permerror", "mail_from": "mfrom"}.get(
        bare, bare
    )


def theirs(row: Json) -> Json:
    judged, results = row["row"]["policy_evaluated"], row["auth_results"]
    return {
        "source_ip": row["row"]["source_ip"],
        "count": row["row"]["count"],
        "judged": tuple(word(judged[key]) for key in ("disposition", "dkim", "spf")),
        "reasons": [(word(reason["type_"]), reason["comment"] or "") for reason in judged["reason"]],
        "header_from": row["identifiers"]["header_from"],
        "envelope_from": row["identifiers"]["envelope_from"],
        "auth": [
            *(("dkim", one["domain"], one["selector"], word(one["result"])) for one in results["dkim"]),
            *(("spf", one["domain"], word(one["scope"]), word(one["result"])) for one in results["spf"]),
        ],
    }


def test_every_sample_is_read_or_refused_by_name(tmp_path: Path) -> None:
    samples = shared("data", "parsedmarc-samples", "samples")
    folders = ("aggregate", "aggregate_invalid", "extract_report")
    found = to_document(dmarc_reports([str(samples / folder) for folder in folders]))

    assert found["input"]["reports"] == 9
    assert found["input"]["duplicates"] == 3  # the same report as XML, gzip and zip, and once with octets broken
    assert [(Path(bad["file"]).name, bad["reason"]) for bad in found["bad"]] == [("invalid_xml.xml", "malformed-xml")]
    ips = {row["ip"]: row for row in found["sources"]}
    assert ips["23.104.41.189"]["dmarc_pass"] == 1, "upper-case Pass"
    assert ips["72.150.241.94"]["passes"]["spf_only"] == 2, "the schema of a draft"


GENERATOR = shared("bench", "gen_dmarc_reports.py")


def generated(folder: Path, *arguments: str) -> list[Json]:
    """What the generator says that it wrote to `folder`."""
    truth = folder.with_suffix(".truth")
    command = [sys.executable, str(GENERATOR), *arguments, "--out", str(folder), "--truth", str(truth)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]


NAMES = {
    "messages": "messages",
    "dmarc_pass": "dmarc_pass",
    "dkim_pass": "dkim_aligned",
    "spf_pass": "spf_aligned",
    "quarantine": "quarantined",
    "reject": "rejected",
    "records": "records",
}


@pytest.mark.parametrize("style", ["mix", "classic", "office", "rfc9990"])
@pytest.mark.parametrize("form", ["xml", "gz", "zip", "eml", "mix"])
def test_generated_reports_add_up_to_their_truth(style: str, form: str, tmp_path: Path) -> None:
    arguments = ["--reports", "24", "--records", "12", "--vary", "--style", style, "--format", form]
    truth = generated(tmp_path / "in", *arguments)
    found = to_document(dmarc_reports([str(tmp_path / "in")]))

    assert found["input"] == {"files": 24, "reports": 24, "duplicates": 0, "left_out": 0, "other": 0, "bad": 0}
    assert {name: found["totals"][name] for name in NAMES.values()} == {
        ours: sum(row[name] for row in truth) for name, ours in NAMES.items()
    }
    for key, group, name in (("domain", "policies", "domain"), ("org", "reporters", "org_name")):
        wanted = Counter[str]()
        for row in truth:
            wanted[row[key]] += row["messages"]
        assert {row[name]: row["messages"] for row in found[group]} == wanted


HOSTILE = {
    "billion-laughs.xml": "doctype",
    "deep.xml": "too-deep",
    "external-dtd.xml": "doctype",
    "external-entity.xml": "doctype",
    "gzip-bomb.xml.gz": "text-too-long",
    "long-text.xml": "text-too-long",
    "quadratic.xml": "doctype",
    "truncated.xml": "truncated",
    "two-files.zip!readme.txt": "no-report",
    "two-files.zip!report.xml": "no-policy-domain",
    "utf16.xml": "no-policy-domain",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the hostile reports."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, str(GENERATOR), "--hostile", "--out", str(folder)], check=True)
    return folder


def test_hostile_reports_are_refused_by_name_and_the_others_are_read(hostile: Path, tmp_path: Path) -> None:
    truth = generated(tmp_path / "in", "--reports", "5", "--records", "4")
    found = to_document(dmarc_reports([str(hostile), str(tmp_path / "in")]))

    assert {Path(bad["file"]).name: bad["reason"] for bad in found["bad"]} == HOSTILE
    assert found["totals"]["messages"] == sum(row["messages"] for row in truth)


MEASURED = """
import json, re, sys, time
from pathlib import Path
started = time.process_time()
from deliverability.cli import run
code = run(["dmarc", sys.argv[1], "-f", "json"])
most = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])  # of this program alone
print(json.dumps([code, time.process_time() - started, most / 1024]))
"""


def test_each_hostile_report_is_refused_in_bounds(hostile: Path) -> None:
    for path in sorted(hostile.iterdir()):
        command = [sys.executable, "-c", MEASURED, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        code, seconds, mebibytes = json.loads(done.stdout.splitlines()[-1])

        assert code == 3, path.name
        assert seconds < 0.5, path.name
        assert mebibytes < 64, path.name
