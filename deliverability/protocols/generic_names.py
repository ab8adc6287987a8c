"""Host names that a provider gives to every address of a block, told by their look."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, ip_address

WORDS = frozenset(
    {
        *("adsl", "broadband", "catv", "dhcp", "dialin", "dialup", "dsl", "dyn", "dynamic", "dynip", "ftth"),
        *("ppp", "pppoe", "unassigned", "vdsl", "xdsl"),
    }
)
"""Labels, or parts of labels between hyphens and digits, by which access networks name lines, never mail servers.
Compiled 2026-11; draft-msullivan-dnsop-generic-naming-schemes of 2006 is the one attempt at a rule."""

_NOT_A_WORD = re.compile(r"[^a-z]+")
_NUMBER = re.compile(r"[0-9]+")


def looks_generic(name: str, address: str) -> bool:
    """Whether `name` (canonical) is made up from `address`, or names an access line rather than a host."""
    parsed = ip_address(address)
    made_up = _spells4(name, parsed) if isinstance(parsed, IPv4Address) else _spells6(name, parsed.exploded)
    return made_up or any(part in WORDS for label in name.split(".")[:-2] for part in _NOT_A_WORD.split(label))


def _spells4(name: str, address: IPv4Address) -> bool:
    """The four octets one after the other, forwards or backwards; run together they are padded or hexadecimal."""
    octets = list(address.packed)
    numbers = [int(text) if len(text) <= 3 else -1 for text in _NUMBER.findall(name)]
    runs = [numbers[i : i + 4] for i in range(len(numbers) - 3)]
    together = ("".join(f"{octet:03d}" for octet in octets), address.packed.hex())
    return octets in runs or octets[::-1] in runs or any(text in name for text in together)


def _spells6(name: str, exploded: str) -> bool:
    """The last 64 bits, in groups with or without their leading zeros, or as nibbles in either direction."""
    bare = name.replace("-", "").replace(".", "")
    nibbles = exploded.replace(":", "")
    return any(form in bare for form in _forms6(exploded)) or nibbles[::-1][:16] in bare


@lru_cache(maxsize=64)
def _forms6(exploded: str) -> tuple[str, ...]:
    """Ways to write the interface half that are long enough to be no accident."""
    groups = exploded.split(":")[4:]
    short = "".join(group.lstrip("0") or "0" for group in groups)
    return tuple(form for form in ("".join(groups), short) if len(form) >= 8)
