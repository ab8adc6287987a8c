"""Makes what the sample sender's mail met: the events and DMARC reports in examples/, before and after its repair.

    python tests/sample_mail.py            writes them
    python tests/sample_mail.py --check    only says which differ from what this file makes

The wine shop's letters leave through its customer database (crm.example), eight a side, one a week. Before the repair
nothing authenticates them: the CRM has revoked the key that the shop points to, and SPF is a permanent error. Gmail and
Outlook.com refuse some of them for that. How many are delivered and opened is made up, by provider (design: compare,
§3): of all that is sent 14.86 % is opened before, and 35.73 % after, and of those 20.87 points 4.10 come from delivery,
7.68 from human opens, 6.24 from machine opens and 2.85 from the mix of providers. The letters of a side differ from one
another a little more than chance would have it. Recipients are pseudonyms, as deliv ingest makes them.

examples/campaigns.csv holds the same shop counted by campaign, fifty times as large, so that every number is whole.
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
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "vinotheque.example"
DAY = 86_400
WEEK = 7 * DAY
CAMPAIGNS = 8
FIRST_LETTER = 1_784_620_800
"""2026-07-21, 08:00."""
FIXED = 1_789_344_000
"""2026-09-14, 00:00: the day of the repair. The first letter after it went out 15 days later."""
READ_WITHIN = 3 * DAY
"""Every open comes within so long of the delivery: the time that all letters can be followed for cuts nothing off."""
READ_UNTIL = 4 * DAY + 1800
"""So long after the last letter of a side its events were fetched: somebody subscribed again just then."""
ENFORCED = 1_794_700_800
"""2026-11-15, 00:00: p=none became p=reject."""
ROWS = "examples/campaigns.csv"
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


OTHERS_BEFORE = {
    "kontor.example": 640,
    "weinstube.example": 310,
    "notariat.example": 240,
    "atelier.example": 190,
    "gutshof.example": 120,
}
OTHERS_AFTER = {
    "kontor.example": 550,
    "weinstube.example": 270,
    "notariat.example": 210,
    "atelier.example": 165,
    "gutshof.example": 105,
}
"""Firms whose mailboxes are no listed provider's."""

BEFORE = Period(
    folder="before",
    start=FIRST_LETTER,
    seed=1486,
    clicked=0.08,
    providers=(
        Provider({"gmail.com": 5000}, 4000, 600, 40, ((UNAUTHENTICATED, 904), (NOBODY, 68), (FULL, 28)), 0, 360),
        Provider({"outlook.com": 1600, "hotmail.com": 900}, 1750, 210, 0, ((LEVEL, 680), (NOBODY, 70)), 10, 120),
        Provider({"icloud.com": 1000}, 900, 90, 270, ((SPAM, 82), (NOBODY, 18))),
        Provider(OTHERS_BEFORE, 1380, 276, 0, ((SPAM, 64), (NOBODY, 38), (FULL, 18)), 8, 40),
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
    clicked=0.08,
    providers=(
        Provider({"gmail.com": 4800}, 4728, 1229, 142, ((NOBODY, 48), (FULL, 24)), 0, 60),
        Provider({"outlook.com": 1400, "hotmail.com": 800}, 2145, 514, 0, ((NOBODY, 28), (FULL, 20), (SPAM, 7)), 1, 20),
        Provider({"icloud.com": 1700}, 1675, 201, 1206, ((NOBODY, 15), (FULL, 10))),
        Provider(OTHERS_AFTER, 1274, 281, 0, ((NOBODY, 12), (FULL, 14)), 0, 10),
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


SIZES = (1.0, 0.97, 1.02, 1.03, 0.98, 1.01, 0.99, 1.0)
"""How large each letter of a side is, against the others."""
APPEAL = (1.08, 0.91, 1.12, 0.97, 0.88, 1.09, 1.02, 0.94)
"""How many people open it, against the others: one subject is better than another."""
FORTUNE = (0.94, 1.08, 0.98, 1.04, 1.11, 0.91, 0.95, 0.99)
"""How much of it is refused, against the others."""


def apportioned(whole: int, shares: Sequence[float]) -> list[int]:
    """`whole` in parts that are as their shares, by the largest remainders."""
    exact = [whole * share / sum(shares) for share in shares]
    parts = [int(part) for part in exact]
    largest = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in largest[: whole - sum(parts)]:
        parts[at] += 1
    return parts


@dataclass(frozen=True)
class Lot:
    """The part of one letter that goes to one provider's users; numbers of messages, as of `Provider`."""

    sent: int
    refused: Sequence[tuple[tuple[str, str], int]]
    human: int
    machine: int

    @property
    def delivered(self) -> int:
        return self.sent - sum(count for _, count in self.refused)


def lots(provider: Provider) -> list[Lot]:
    """One for each letter; they add up to what the provider has."""
    sent = apportioned(provider.sent, SIZES)
    unlucky = [count * fortune for count, fortune in zip(sent, FORTUNE, strict=True)]
    refused = [(reply, apportioned(count, unlucky)) for reply, count in provider.refused]
    delivered = [count - sum(parts[at] for _, parts in refused) for at, count in enumerate(sent)]
    assert sum(delivered) == provider.delivered
    human = apportioned(provider.human, [count * appeal for count, appeal in zip(delivered, APPEAL, strict=True)])
    machine = apportioned(provider.machine, delivered)
    return [
        Lot(sent[at], [(reply, parts[at]) for reply, parts in refused], human[at], machine[at])
        for at in range(CAMPAIGNS)
    ]


def fates(provider: Provider, random: Random) -> list[list[Fate]]:
    """Of each letter one for each message, in the order in which they are sent."""
    domains = [domain for domain, count in provider.domains.items() for _ in range(count)]
    random.shuffle(domains)
    late = set(random.sample(range(provider.sent), provider.deferred))
    angry = apportioned(provider.complained, [1] * CAMPAIGNS)
    numbers = iter(range(provider.sent))
    found: list[list[Fate]] = []
    for lot, complained in zip(lots(provider), angry, strict=True):
        mail = _mixed(lot, complained, random)
        found.append(
            [
                Fate(domains[number], fate.reply, fate.opened, fate.complained, number in late)
                for fate, number in zip(mail, numbers, strict=False)
            ]
        )
    return found


def _mixed(lot: Lot, complained: int, random: Random) -> list[Fate]:
    """The messages of a lot, in any order."""
    opens = ["human"] * lot.human + ["machine"] * lot.machine
    delivered = [*opens, *[""] * (lot.delivered - len(opens))]
    random.shuffle(delivered)
    mail = [Fate("", reply) for reply, count in lot.refused for _ in range(count)]
    mail += [Fate("", None, opened, number < complained) for number, opened in enumerate(delivered)]
    random.shuffle(mail)
    return mail


def events(period: Period) -> bytes:
    """The events of a SendGrid webhook, one a line, those of a recipient together."""
    random = Random(period.seed)
    rows: list[Row] = []
    for provider in period.providers:
        for campaign, mail in enumerate(fates(provider, random)):
            for place, fate in enumerate(mail):
                key = f"{period.seed} {campaign} {place}" if fate.is_last else f"{place}"
                rows += message(period, campaign, len(rows), recipient(fate.domain, key), fate, random)
    rows.append(subscription(period))
    rows.sort(key=lambda row: (row["email"], row["timestamp"], row["sg_event_id"]))
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def letter(start: int, campaign: int) -> str:
    """What the letter is called that went out so many weeks after `start`."""
    return f"letter-{(start - FIRST_LETTER) // WEEK + campaign + 1}"


def subscription(period: Period) -> Row:
    """The last event of a side."""
    at = period.start + (CAMPAIGNS - 1) * WEEK + READ_UNTIL
    return {
        "event": "group_resubscribe",
        "timestamp": at,
        "sg_event_id": f"sub{period.seed:x}",
        "email": recipient("gmail.com", f"again {period.seed}"),
    }


def recipient(domain: str, key: str) -> str:
    """A pseudonym of nobody."""
    return f"{hashlib.sha256(f'{domain} {key}'.encode()).hexdigest()[:16]}@{domain}"


def message(period: Period, campaign: int, number: int, to: str, fate: Fate, random: Random) -> Iterator[Row]:
    """The events of one message."""
    sent = period.start + campaign * WEEK + random.randrange(600)
    common = {"email": to, "sg_message_id": f"{number:x}", "category": [letter(period.start, campaign)]}

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
        read = arrived + (
            random.randrange(60) if fate.opened == "machine" else int(random.expovariate(1 / 30_000)) % READ_WITHIN
        )
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


# campaign rows


ROWS_BEFORE = {
    "gmail": Provider({"": 250_000}, 200_000, 30_000, 2_000, ((UNAUTHENTICATED, 45_200), (NOBODY, 4_800))),
    "microsoft": Provider({"": 125_000}, 87_500, 10_500, 0, ((LEVEL, 34_000), (NOBODY, 3_500)), 500),
    "apple": Provider({"": 50_000}, 45_000, 4_500, 13_500, ((SPAM, 4_100), (NOBODY, 900))),
    "other": Provider({"": 75_000}, 69_000, 13_800, 0, ((SPAM, 3_200), (NOBODY, 2_800)), 400),
}
ROWS_AFTER = {
    "gmail": Provider({"": 240_000}, 236_400, 61_464, 7_092, ((NOBODY, 3_600),)),
    "microsoft": Provider({"": 110_000}, 107_250, 25_740, 0, ((NOBODY, 2_400), (SPAM, 350)), 50),
    "apple": Provider({"": 85_000}, 83_725, 10_047, 60_282, ((NOBODY, 1_275),)),
    "other": Provider({"": 65_000}, 63_700, 14_014, 0, ((NOBODY, 1_300),)),
}
HEAD = "campaign,date,provider,sent,delivered,opened,opened_machine,clicked,complained,bounced,auth_rejected"


def campaigns() -> bytes:
    """The worked example as campaign rows: both sides in one file, in the order of the letters."""
    sides = ((BEFORE, ROWS_BEFORE), (AFTER, ROWS_AFTER))
    made = [
        ",".join(map(str, row))
        for period, providers in sides
        for campaign in range(CAMPAIGNS)
        for row in campaign_rows(period, providers, campaign)
    ]
    return "".join(f"{line}\n" for line in [HEAD, *made]).encode()


def campaign_rows(period: Period, providers: Mapping[str, Provider], campaign: int) -> Iterator[Sequence[object]]:
    """One row for each provider."""
    day = datetime.fromtimestamp(period.start + campaign * WEEK, UTC).date()
    for name, provider in providers.items():
        lot = lots(provider)[campaign]
        codes = {reply[1]: count for reply, count in lot.refused if reply in {UNAUTHENTICATED, LEVEL}}
        complained = apportioned(provider.complained, [1] * CAMPAIGNS)[campaign]
        counts = (lot.sent, lot.delivered, lot.human + lot.machine, lot.machine, round(lot.human * period.clicked))
        refused = " ".join(f"{code}={count}" for code, count in codes.items())
        yield letter(period.start, campaign), day, name, *counts, complained, lot.sent - lot.delivered, refused


# files


def files() -> dict[str, bytes]:
    """Path from the top of the checkout → what stands there, unpacked: a zip as the concatenation of its members."""
    made = {ROWS: campaigns()}
    for period in (BEFORE, AFTER):
        made[f"examples/{period.folder}/events.ndjson.gz"] = events(period)
        made[f"examples/{period.folder}/dmarc-reports.zip"] = "".join(text for _, text in reports(period)).encode()
    return made


def unpacked(path: Path) -> bytes:
    """What `files` says of one file: other versions of zlib pack the same otherwise."""
    if not path.exists():
        return b""
    if path.suffix == ".csv":
        return path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def write() -> None:
    """Write all of them."""
    (ROOT / ROWS).write_bytes(campaigns())
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
