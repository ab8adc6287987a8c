"""Selectors worth asking for: `selectors.csv`, read once."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from deliverability.fastclass import dataclass

_DATA = Path(__file__).with_name("selectors.csv")


@dataclass(frozen=True, slots=True)
class Provider:
    """Who uses which selectors, and what gives it away in SPF, MX or a DKIM alias (suffixes)."""

    name: str
    selectors: tuple[str, ...]
    source: str
    always: bool
    """Asked of every domain, not only where SPF or MX points here."""
    spf: tuple[str, ...]
    mx: tuple[str, ...]
    standby: tuple[str, ...]
    """Where its aliases lead, if it publishes a key there only when it is about to use it."""


@lru_cache(maxsize=1)
def providers() -> tuple[Provider, ...]:
    """Everything in the data file, in its order."""
    lines = _DATA.read_text(encoding="utf-8").splitlines()
    return tuple(_provider(row) for row in csv.DictReader(line for line in lines if not line.startswith("#")))


def _provider(row: dict[str, str]) -> Provider:
    selectors, spf, mx, standby = (tuple(row[key].split()) for key in ("selectors", "spf", "mx", "standby"))
    return Provider(row["provider"], selectors, row["source"], row["asked"] == "always", spf, mx, standby)


@lru_cache(maxsize=1)
def common_selectors() -> tuple[str, ...]:
    """The selectors asked of every domain."""
    return tuple(dict.fromkeys(s for provider in providers() if provider.always for s in provider.selectors))


def selectors_for(txt: Iterable[str], mx: Iterable[str]) -> tuple[str, ...]:
    """The selectors of the providers that these TXT and MX records of a domain point at."""
    senders = [host for text in txt if text[:6].lower() == "v=spf1" for host in _spf_hosts(text)]
    hosts = [record.rpartition(" ")[2].rstrip(".").lower() for record in mx]
    found = (p for p in providers() if _points_at(senders, p.spf) or _points_at(hosts, p.mx))
    return tuple(dict.fromkeys(s for provider in found for s in provider.selectors))


def is_standby(selector: str, chain: tuple[str, ...]) -> bool:
    """Whether an alias at `selector` with these targets may lead to nothing until its provider rotates keys."""
    return bool(chain) and any(selector in p.selectors and _points_at(chain[:1], p.standby) for p in providers())


def _spf_hosts(text: str) -> list[str]:
    """The hosts that SPF terms name (RFC 7208 §5, §6.1); a rough reading will do, as it only makes guesses."""
    return [host.rstrip(".").lower() for host in re.findall(r"[:=]([^\s/:=]+)", text[6:])]


def _points_at(hosts: Iterable[str], suffixes: tuple[str, ...]) -> bool:
    return any(host == s or host.endswith(f".{s}") for host in hosts for s in suffixes)
