"""Makes what the sample sender's mail met: the events and DMARC reports in examples/, before and after its repair.

    python tests/sample_mail.py            writes them
    python tests/sample_mail.py --check    only says which differ from what this file makes

The wine shop's letters leave through its customer database (crm.example), eight a side, one a week. Before the repair
nothing authenticates them: the CRM has revoked the key that the shop points to, and SPF is a permanent error. Gmail and
Outlook.com refuse some of them for that. How many are delivered and opened is made up, by provider: of all that is sent
14.86 % is opened before, and 35.72 % after. Recipients are pseudonyms, as deliv ingest makes them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "vinotheque.example"
DAY = 86_400
WEEK = 7 * DAY
CAMPAIGNS = 8
ENFORCED = 1_794_700_800
"""2026-11-15, 00:00: p=none became p=reject."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member of a zip file: that of none."""

Row = dict[str, Any]
Reply = tuple[str, str, int]
"""What a receiver said, its status, and how often."""

UNAUTHENTICATED = (
    f"550 5.7.26 Mail from {DOMAIN} is not accepted: the sender is unauthenticated, neither SPF nor DKIM passed",
    "5.7.26",
)
LEVEL = (
    f"550 5.7.515 Access denied, sending domain {DOMAIN} does not meet the required authentication level",
    "5.7.515",
)
SPAM = ("554 5.7.1 Message rejected as spam by content filtering", "5.7.1")
NOBODY = ("550 5.1.1 The email account that you tried to reach does not exist", "5.1.1")
FULL = ("452 4.2.2 The recipient's mailbox is over quota", "4.2.2")
SLOWER = ("421 4.7.28 Unusual rate of mail from this sender, try again later", "4.7.28")
HARD = {NOBODY}


@dataclass(frozen=True)
class Provider:
    """What happened to the mail of one provider's users; everything but the domains is a number of messages.

    `machine` are opens by a machine alone, `human` those that a person made.
    """

    domains: Mapping[str, int]
    delivered: int
    human: int
    machine: int
    refused: Sequence[tuple[tuple[str, str], int]]
    complained: int = 0
    deferred: int = 0

    @property
    def sent(self) -> int:
        return sum(self.domains.values())


@dataclass(frozen=True)
class Period:
    """One side of the repair: when the first letter went out (UTC), and what came of them all."""

    folder: str
    start: int
    seed: int
    providers: Sequence[Provider]
    clicked: float
    reporters: Mapping[str, int]
    sources: Sequence[Source]


@dataclass(frozen=True)
class Source:
    """One address in the DMARC reports: messages a week and reporter, and what passed (`None`: no such result)."""

    address: str
    weekly: int
    dkim: tuple[str, str, str] | None
    spf: tuple[str, str]
    forwarded: bool = False

    def aligned(self, result: tuple[str, ...] | None) -> str:
        return "pass" if result and result[0] == DOMAIN and result[-1] == "pass" else "fail"


OTHERS_BEFORE = {"yahoo.com": 420, "gmx.de": 95, "web.de": 85, "orange.fr": 80, "libero.it": 70}
OTHERS_AFTER = {"yahoo.com": 360, "gmx.de": 85, "web.de": 80, "orange.fr": 70, "libero.it": 55}

BEFORE = Period(
    folder="before",
    start=1_785_830_400,  # 2026-08-04, 08:00
    seed=1486,
    clicked=0.08,
    providers=(
        Provider({"gmail.com": 2500}, 2000, 300, 20, ((UNAUTHENTICATED, 452), (NOBODY, 34), (FULL, 14)), 0, 180),
        Provider({"outlook.com": 800, "hotmail.com": 450}, 875, 105, 0, ((LEVEL, 340), (NOBODY, 35)), 5, 60),
        Provider({"icloud.com": 500}, 450, 45, 135, ((SPAM, 41), (NOBODY, 9))),
        Provider(OTHERS_BEFORE, 690, 138, 0, ((SPAM, 32), (NOBODY, 19), (FULL, 9)), 4, 20),
    ),
    reporters={"postbox.example": 2, "webmail.example": 1},
    sources=(
        Source("203.0.113.10", 61, (DOMAIN, "crm1", "fail"), (DOMAIN, "permerror")),
        Source("2001:db8:30::10", 4, (DOMAIN, "crm1", "fail"), (DOMAIN, "permerror")),
        Source("198.51.100.20", 118, (DOMAIN, "news", "pass"), (DOMAIN, "permerror")),
        Source("192.0.2.25", 23, (DOMAIN, "shop2019", "pass"), (DOMAIN, "permerror")),
        Source("203.0.113.70", 12, None, (DOMAIN, "permerror")),
        Source("198.51.100.207", 9, None, (DOMAIN, "permerror")),
        Source("192.0.2.180", 3, (DOMAIN, "news", "pass"), ("alumni.example", "pass"), forwarded=True),
    ),
)

AFTER = Period(
    folder="after",
    start=1_790_668_800,  # 2026-09-29, 08:00
    seed=3572,
    clicked=0.12,
    providers=(
        Provider({"gmail.com": 2400}, 2364, 615, 71, ((NOBODY, 24), (FULL, 12)), 0, 30),
        Provider({"outlook.com": 700, "hotmail.com": 400}, 1072, 257, 0, ((NOBODY, 14), (FULL, 10), (SPAM, 4)), 1, 10),
        Provider({"icloud.com": 850}, 837, 100, 603, ((NOBODY, 8), (FULL, 5))),
        Provider(OTHERS_AFTER, 637, 140, 0, ((NOBODY, 6), (FULL, 7)), 0, 5),
    ),
    reporters={"postbox.example": 2, "webmail.example": 1, "freemail.example": 3},
    sources=(
        Source("203.0.113.10", 62, (DOMAIN, "crm2", "pass"), (DOMAIN, "pass")),
        Source("2001:db8:30::10", 4, (DOMAIN, "crm2", "pass"), (DOMAIN, "pass")),
        Source("198.51.100.20", 121, (DOMAIN, "news", "pass"), (DOMAIN, "pass")),
        Source("192.0.2.25", 22, (DOMAIN, "shop2026", "pass"), (DOMAIN, "pass")),
        Source("203.0.113.70", 12, None, (DOMAIN, "pass")),
        Source("192.0.2.180", 3, (DOMAIN, "news", "pass"), ("alumni.example", "pass"), forwarded=True),
    ),
)


# events


@dataclass(frozen=True)
class Fate:
    """What becomes of one message."""

    domain: str
    reply: tuple[str, str] | None
    opened: str = ""
    complained: bool = False
    deferred: bool = False

    @property
    def is_last(self) -> bool:
        """Whether nothing may be sent to this recipient again."""
        return self.complained or self.reply in HARD


def fates(provider: Provider, random: Random) -> list[Fate]:
    """One for each message, in the order in which they are sent."""
    replies = [reply for reply, count in provider.refused for _ in range(count)]
    opens = ["human"] * provider.human + ["machine"] * provider.machine
    delivered = [*opens, *[""] * (provider.delivered - len(opens))]
    assert len(replies) + len(delivered) == provider.sent
    random.shuffle(delivered)
    came = [Fate("", None, opened, number < provider.complained) for number, opened in enumerate(delivered)]
    all_of_them = [*(Fate("", reply) for reply in replies), *came]
    random.shuffle(all_of_them)
    domains = [domain for domain, count in provider.domains.items() for _ in range(count)]
    random.shuffle(domains)
    late = set(random.sample(range(provider.sent), provider.deferred))
    return [
        Fate(domain, fate.reply, fate.opened, fate.complained, number in late)
        for number, (domain, fate) in enumerate(zip(domains, all_of_them, strict=True))
    ]


def events(period: Period) -> bytes:
    """The events of a SendGrid webhook, one a line, those of a recipient together."""
    random = Random(period.seed)
    rows: list[Row] = []
    for provider in period.providers:
        mail = fates(provider, random)
        for number, fate in enumerate(mail):
            campaign, place = divmod(number * CAMPAIGNS, len(mail))
            key = f"{period.seed} {number}" if fate.is_last else f"{place // CAMPAIGNS}"
            rows += message(period, campaign, len(rows), recipient(fate.domain, key), fate, random)
    rows.sort(key=lambda row: (row["email"], row["timestamp"], row["sg_event_id"]))
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def recipient(domain: str, key: str) -> str:
    """A pseudonym of nobody."""
    return f"{hashlib.sha256(f'{domain} {key}'.encode()).hexdigest()[:16]}@{domain}"


def message(period: Period, campaign: int, number: int, to: str, fate: Fate, random: Random) -> Iterator[Row]:
    """The events of one message."""
    sent = period.start + campaign * WEEK + random.randrange(600)
    common = {"email": to, "sg_message_id": f"{number:x}", "category": [f"letter-{campaign + 1}"]}

    def row(event: str, at: int, **more: Any) -> Row:
        return {"event": event, "timestamp": at, "sg_event_id": f"{event[:3]}{number:x}", **common, **more}

    yield row("processed", sent)
    arrived = sent + 1 + int(random.expovariate(1 / 4))
    if fate.deferred:
        yield row("deferred", arrived, response=SLOWER[0], status=SLOWER[1])
        arrived += 300 * random.randint(2, 5)
    if fate.reply:
        yield row("bounce", arrived, reason=fate.reply[0], status=fate.reply[1])
        return
    yield row("delivered", arrived)
    if fate.opened:
        read = arrived + (random.randrange(60) if fate.opened == "machine" else int(random.expovariate(1 / 30_000)))
        yield row("open", read, sg_machine_open=fate.opened == "machine")
        if fate.opened == "human" and random.random() < period.clicked:
            yield row("click", read + random.randrange(120), url=f"https://www.{DOMAIN}/letter")
    if fate.complained:
        yield row("spamreport", arrived + random.randrange(DAY))


# reports


def reports(period: Period) -> Iterator[tuple[str, str]]:
    """Name and text of each report: one a week from each receiver."""
    random = Random(period.seed)
    for receiver, size in period.reporters.items():
        for week in range(CAMPAIGNS):
            begin = period.start - period.start % DAY + week * WEEK
            rows = "".join(record(source, size * source.weekly + random.randrange(5)) for source in period.sources)
            yield f"{receiver}!{DOMAIN}!{begin}!{begin + DAY - 1}.xml", report(receiver, begin, rows)


def record(source: Source, count: int) -> str:
    """What one receiver saw of one address in a day."""
    reason = "<reason><type>forwarded</type></reason>" if source.forwarded else ""
    dkim, spf = source.aligned(source.dkim), source.aligned(source.spf)
    signed = "dkim", dict(zip(("domain", "selector", "result"), source.dkim or (), strict=False))
    path = "spf", dict(zip(("domain", "result"), source.spf, strict=True))
    results = "".join(
        f"<{kind}>{''.join(f'<{tag}>{escape(text)}</{tag}>' for tag, text in one.items())}</{kind}>"
        for kind, one in (signed, path)
        if one
    )
    return (
        f"<record><row><source_ip>{source.address}</source_ip><count>{count}</count><policy_evaluated>"
        f"<disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>{reason}</policy_evaluated></row>"
        f"<identifiers><header_from>{DOMAIN}</header_from></identifiers>"
        f"<auth_results>{results}</auth_results></record>\n"
    )


def report(receiver: str, begin: int, records: str) -> str:
    """A report of one receiver."""
    policy = "reject" if begin >= ENFORCED else "none"
    return (
        f'<?xml version="1.0"?>\n<feedback><report_metadata><org_name>{receiver}</org_name>'
        f"<report_id>{receiver[:4]}-{begin // DAY}</report_id>"
        f"<date_range><begin>{begin}</begin><end>{begin + DAY - 1}</end></date_range></report_metadata>"
        f"<policy_published><domain>{DOMAIN}</domain><p>{policy}</p></policy_published>\n{records}</feedback>\n"
    )


# files


def files() -> dict[str, bytes]:
    """Path from the top of the checkout → what stands there, unpacked: a zip as the concatenation of its members."""
    made: dict[str, bytes] = {}
    for period in (BEFORE, AFTER):
        made[f"examples/{period.folder}/events.ndjson.gz"] = events(period)
        made[f"examples/{period.folder}/dmarc-reports.zip"] = "".join(text for _, text in reports(period)).encode()
    return made


def unpacked(path: Path) -> bytes:
    """What `files` says of one file: other versions of zlib pack the same otherwise."""
    if not path.exists():
        return b""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def write() -> None:
    """Write all of them."""
    for period in (BEFORE, AFTER):
        folder = ROOT / "examples" / period.folder
        (folder / "events.ndjson.gz").write_bytes(gzip.compress(events(period), 9, mtime=0))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, text in reports(period):
                archive.writestr(zipfile.ZipInfo(name, EPOCH), text, zipfile.ZIP_DEFLATED)
        (folder / "dmarc-reports.zip").write_bytes(packed.getvalue())


def stale() -> list[str]:
    """The files that hold something else."""
    return [path for path, wanted in files().items() if unpacked(ROOT / path) != wanted]


def main(arguments: list[str]) -> int:
    """Write, or with `--check` name what differs."""
    if arguments != ["--check"]:
        write()
    for path in stale():
        print(f"{path} is not what tests/sample_mail.py makes")
    return int(bool(stale()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
