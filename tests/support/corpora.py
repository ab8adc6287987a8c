"""The shared corpora as domains to audit, each with all that is known of its DNS; what is not known is refused."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from deliverability import api
from deliverability.checks import CHECKS
from deliverability.document import Audit
from deliverability.findings import Outcome
from deliverability.lookup import Answer, AssumeAbove, OverlayResolver, Resolver, Status, ZoneResolver
from deliverability.lookup.answer import canonical_name, names_below
from deliverability.names import InvalidDomain, helo_name, to_ascii
from support.shared import shared
from support.spf_zone import DictResolver, suite_cases

Types = dict[str, list[str] | Status]
Table = dict[str, Counter[Outcome]]
"""Check → how often it came to each outcome."""

AT_ONCE = 500
"""Domains whose audits are held in memory together."""
ADDRESSES: Types = {"A": Status.REFUSED, "AAAA": Status.REFUSED}
"""Records that a source left out."""


@dataclass(frozen=True)
class Batch:
    """Domains that share a world and the inputs of their audit."""

    domains: Sequence[str]
    resolver: Resolver
    asked: api.Asked = field(default_factory=api.Asked)


@dataclass(frozen=True)
class Without:
    """`base`, which answers nothing about other people's names, with the knowledge that some of those do not exist."""

    base: Resolver
    gone: frozenset[str]

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As `base`, or nxdomain."""
        answer = await self.base.resolve(name, rdtype, server=server, dnssec=dnssec)
        last = answer.cname_chain[-1] if answer.cname_chain else answer.name
        lost = answer.status is Status.REFUSED and last in self.gone
        return replace(answer, status=Status.NXDOMAIN) if lost else answer

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`."""
        return names_below(self.base, name)


def rows(*path: str) -> list[Any]:
    """The lines of a JSON Lines file, or the entries of a JSON list."""
    text = shared("data", *path).read_text(encoding="utf-8")
    return json.loads(text) if path[-1].endswith(".json") else [json.loads(line) for line in text.splitlines()]


def moj_zones() -> Iterator[Batch]:
    """Each zone of the Ministry of Justice: its apex, and the names below it that have mail of their own."""
    for path in sorted(shared("data", "moj-dns", "master").glob("*.zone")):
        zone = ZoneResolver.from_files([path])
        yield Batch(_names_with_mail(zone), AssumeAbove(zone))


def _names_with_mail(zone: ZoneResolver) -> list[str]:
    names = {name for name, rdtype in zone.rrsets if rdtype == "MX" and not name.startswith("*")}
    below = {_serves(name)[0] for name, _ in zone.rrsets if _serves(name)[0] != name}
    return sorted({*zone.origins, *names, *(name for name in below if not name.startswith(("*", "_")))})


def _serves(name: str) -> tuple[str, str | None]:
    """The domain that a record at `name` is about, and the DKIM selector that it is."""
    selector, is_key, domain = name.partition("._domainkey.")
    return (domain, selector) if is_key else (name.removeprefix("_dmarc."), None)


def moj_repairs() -> Iterator[Batch]:
    """The names that the Ministry's operators repaired, before and after each labelled repair."""
    for fix in rows("moj-dns", "fixes_labelled.json"):
        domain, selector = repaired(fix)
        asked: api.Asked = {"selectors": [selector] if selector else []}
        yield from (Batch([domain], state, asked) for state in states(fix))


def repaired(fix: dict[str, Any]) -> tuple[str, str | None]:
    """The domain that a labelled repair is about, and the DKIM selector if it is about a key."""
    owner = str(next(row["name"] for side in ("added", "removed") for row in fix[side]))
    return _serves(f"{owner}.{fix['zone']}".removeprefix(".").removeprefix("_smtp._tls."))


def states(fix: dict[str, Any]) -> tuple[Resolver, Resolver]:
    """The zone of a labelled repair as it was before and after it. What the operators call dangling does not exist."""
    zone = AssumeAbove(ZoneResolver.from_files([shared("data", "moj-dns", "master", f"{fix['zone']}.zone")]))
    before, after = rrsets(fix, "removed"), rrsets(fix, "added")
    dangling = fix["label"].startswith("dangling-")
    targets = (value.split()[-1] for (_, rdtype), v in before.items() for value in v if rdtype in {"MX", "CNAME"})
    base = Without(zone, frozenset(canonical_name(target) for target in targets) if dangling else frozenset())
    return (
        OverlayResolver.from_rrsets({**dict.fromkeys(after, ()), **before}, base),
        OverlayResolver.from_rrsets({**dict.fromkeys(before, ()), **after}, base),
    )


def rrsets(fix: dict[str, Any], side: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The RRsets that a labelled repair took away (`removed`) or brought (`added`)."""
    return {
        (f"{row['name']}.{fix['zone']}".removeprefix("."), row["type"]): tuple(
            _value(row["type"], v) for v in row["values"]
        )
        for row in fix[side]
    }


def _value(rdtype: str, value: Any) -> str:
    """octoDNS escapes semicolons and quotation marks in text; a name as text needs its own escapes."""
    if rdtype == "MX":
        return f"{value['preference']} {value['exchange'].removesuffix('.')}."
    if rdtype == "CNAME":
        name: str = value.replace(";", "\\;").replace("@", "\\@")
        return f"{name.removesuffix('.')}."
    return _octets(value.replace("\\;", ";").replace('\\"', '"'))


def mxmap_it() -> Iterator[Batch]:
    """The SPF records of 19,881 public bodies; the source kept no addresses."""
    found = [(to_ascii(row["domain"]), row) for row in rows("mxmap-it", "domains.jsonl")]
    yield from _bodies(found, ["spf-*"])


def mxmap_dach() -> Iterator[Batch]:
    """The SPF and MX records of 1,987 Austrian and Swiss municipalities."""
    found = [(row["domain"], row) for row in rows("mxmap-dach", "security.jsonl")]
    yield from _bodies(found, ["spf-*", "mx-*"])


def _bodies(found: list[tuple[str, dict[str, Any]]], select: list[str]) -> Iterator[Batch]:
    resolver = _knowing({domain: _observed(row["spf"], row["mx"]) for domain, row in found})
    for start in range(0, len(found), AT_ONCE):
        domains = [domain for domain, _ in found[start : start + AT_ONCE]]
        yield Batch(domains, resolver, {"select": select, "role": "sending"})


def _knowing(zone: dict[str, Types]) -> DictResolver:
    """Answers from `zone`, and with the SPF records that mxmap-it has of others' includes; refuses all else."""
    return DictResolver({**_spf_targets(), **zone}, outside=Status.REFUSED)


@cache
def _spf_targets() -> dict[str, Types]:
    return {
        row["name"]: _observed(row["spf"]) for row in rows("mxmap-it", "spf_targets.jsonl") if _is_name(row["name"])
    }


def _observed(spf: str | None, hosts: Sequence[str] = ()) -> Types:
    """A name of which SPF is known, and MX where there is one: a null MX looks like none in these sources."""
    mx = [f"10 {host.removesuffix('.')}." for host in hosts if _is_name(host)]
    return {"TXT": [_octets(spf)] if spf else [], **({"MX": mx} if mx else {}), "*": Status.REFUSED}


def _octets(text: str) -> str:
    return text.encode().decode("latin-1")


def _is_name(text: str) -> bool:
    try:
        return bool(to_ascii(text))
    except InvalidDomain:
        return False


def is_a_dev() -> Iterator[Batch]:
    """What private people publish below is-a.dev. Its provider answers an alias beside other records with addresses."""
    zone: dict[str, Types] = {}
    for row in rows("is-a-dev", "records.jsonl"):
        known = row["records"]
        zone[row["domain"].lower()] = {
            **ADDRESSES,
            "TXT": [_octets(text) for text in known.get("TXT", ())],
            "MX": [_mx(host) for host in known.get("MX", ())],
            **({"CNAME": [f"{known['CNAME']}."]} if "CNAME" in known and len(known) == 1 else {}),
        }
    yield from _each_domain(zone)


def _mx(host: str | dict[str, Any]) -> str:
    return f"10 {host}." if isinstance(host, str) else f"{host['priority']} {host['target']}."


def gsa_tts() -> Iterator[Batch]:
    """Zones of the US General Services Administration, from its Terraform files."""
    zone: defaultdict[str, Types] = defaultdict(lambda: dict(ADDRESSES))
    for row in rows("gsa-tts-dns", "records.jsonl"):
        apex = row["file"].removesuffix(".tf")
        for name, rdtype, values in _module(row["body"]) if "module" in row else _resource(row, apex):
            zone[f"{name}.{apex}".removeprefix(".")][rdtype] = values
    yield from _each_domain(zone)


def _resource(row: dict[str, Any], apex: str) -> list[tuple[str, str, list[str]]]:
    name = row["name"].removesuffix(".")
    if not re.fullmatch(r"[\w.-]*", name):
        return []  # a Terraform expression
    is_text = row["type"] == "TXT"
    values = [text if is_text else f"{text.removesuffix('.')}." for text in row["records"]]
    return [(name.removesuffix(apex).removesuffix("."), row["type"], values)]


def _module(body: str) -> list[tuple[str, str, list[str]]]:
    """The TXT records that a call of the repository's module publishes at its apex, where they are written out."""
    listed = re.search(r"txt_records\s*=\s*\[(.*?)\]", body)
    texts = re.findall(r'"([^"]*)"', listed[1]) if listed else ["v=spf1 -all"]
    return [("", "TXT", texts)] if texts else []


def blaze() -> Iterator[Batch]:
    """DNS answers that were recorded together with real mail: TXT of some names, nothing else."""
    found = {
        row["name"]: [_octets(record.removeprefix("txt:")) for record in row["records"]]
        for row in rows("blaze-dns-cache", "records.jsonl")
    }
    yield from _each_domain({name: {"TXT": texts, "*": Status.REFUSED} for name, texts in found.items()})


def _each_domain(zone: dict[str, Types]) -> Iterator[Batch]:
    """Every domain that a name of `zone` is about, audited with the DKIM selectors that are there."""
    selectors: defaultdict[str, list[str]] = defaultdict(list)
    for domain, selector in map(_serves, zone):
        selectors[domain] += [selector] if selector else []
    resolver = _knowing({**{domain: {"*": Status.REFUSED} for domain in selectors}, **zone})
    for domain, named in sorted(selectors.items()):
        yield Batch([domain], resolver, {"selectors": named})


def rfc7208() -> Iterator[Batch]:
    """The domains of the public SPF suite, asked about the client and the HELO name of each case."""
    for case in suite_cases(shared("data", "spf-rfc7208", "tests.yml")):
        domain = case.sender.rpartition("@")[2] or case.helo
        if _is_name(domain):
            asked: api.Asked = {"ips": [case.ip], "helo": _said(case.helo), "select": ["spf-*"]}
            yield Batch([domain], DictResolver(case.zone), asked)


AGREEMENTS = {
    "swedavia.se": {"rep.dmarcanalyzer.com": "v=DMARC1;", "forensics.dmarc-report.com": "v=DMARC1"},
    "hansvaneijsden.nl": {"rep.dmarcanalyzer.com": "v=DMARC1"},
}
"""What the threads say that others publish about taking a domain's DMARC reports."""


def issue_cases() -> Iterator[Batch]:
    """SPF and DMARC records over which somebody argued in public."""
    for row in rows("issue-cases", "known_verdicts.json"):
        domain, value = row["domain"], row["value"]
        if value is None or row["type"] not in {"SPF", "DMARC"}:
            continue
        name = domain if _is_name(domain) else "example.test"
        texts = value if isinstance(value, list) else [value]
        agreed = {f"{name}._report._dmarc.{host}": text for host, text in AGREEMENTS.get(domain, {}).items()}
        zone: dict[str, Types] = {
            name: {"*": Status.REFUSED},
            name if row["type"] == "SPF" else f"_dmarc.{name}": {"TXT": texts, "*": Status.REFUSED},
            **{place: {"TXT": [text]} for place, text in agreed.items() if row["type"] == "DMARC"},
        }
        yield Batch([name], _knowing(zone), {"select": [f"{row['type'].lower()}-*"], "role": "sending"})


CORPORA: dict[str, Callable[[], Iterator[Batch]]] = {
    "moj-dns": moj_zones,
    "moj-dns repairs": moj_repairs,
    "issue-cases": issue_cases,
    "is-a-dev": is_a_dev,
    "gsa-tts-dns": gsa_tts,
    "blaze-dns-cache": blaze,
    "spf-rfc7208": rfc7208,
    "mxmap-dach": mxmap_dach,
    "mxmap-it": mxmap_it,
}


def audits(batches: Iterable[Batch]) -> Iterator[Audit]:
    """Every audit of a corpus, in its order."""
    for batch in batches:
        yield from api.audit(list(batch.domains), resolver=batch.resolver, **batch.asked)


def table(every: Iterable[Audit]) -> Table:
    """How often each check came to each outcome."""
    counts: Table = defaultdict(Counter)
    for audit in every:
        for finding in audit.findings:
            counts[finding.check][finding.outcome] += 1
    return counts


def printed(title: str, counts: Table) -> str:
    """The table, a line for each check that was asked."""
    head = f"{title:30}" + "".join(f"{outcome.value:>15}" for outcome in Outcome)
    rows = [
        f"{check.id:30}" + "".join(f"{counts[check.id][o]:>15}" for o in Outcome)
        for check in CHECKS
        if check.id in counts
    ]
    return "\n".join((head, *rows))


def _said(helo: str) -> str | None:
    """A greeting that an audit takes as one; the suite has some that no host name looks like."""
    try:
        return helo_name(helo)
    except ValueError:
        return None
