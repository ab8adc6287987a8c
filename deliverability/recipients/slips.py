"""Domains that look like a slip of the keyboard: one letter away from a domain where many have their mailbox.

One letter is one left out, one too many, another one, or two that changed places (Damerau 1964). What is meant is a
domain of a listed mailbox provider, or one that is large in this very list. A domain near one of these is still taken
for a real one

- where it is itself such a domain, or differs in digits alone: numbers are given out one after another;
- where it takes mail, or nobody looked, and it has a share of its own: more than `OWN_SHARE` of the addresses of the
  domain that it resembles; or where that has a name shorter than `SHORT`, as every short name is near another; or where
  its first letter is not that of the other, as in mail.de and email.de, cloud.com and icloud.com: fingers seldom miss
  the first letter, and other names often differ in it. The first two that changed places are a slip.

A domain that takes no mail is a slip whatever its share: nobody has a mailbox there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from deliverability.events.providers import domains as mailbox_domains
from deliverability.recipients.addresses import Domain
from deliverability.recipients.facts import DEAD, Slip

OWN_SHARE = 0.01
"""Addresses for each one of the domain that was meant, up to which a domain that takes mail is taken for a slip. Ours:
of some 1,000 who type gmail.com, a handful mistype it the same way."""
SHORT = 5
"""Letters of the first label of what may be meant, below which a domain that takes mail is no slip of it: gmx, live,
nate, mail. Ours."""
LARGE_SHARE = 0.005
LARGE = 50
"""A domain of the list that others may be slips of: so large a share of it, and so many addresses. Ours."""
MAX_LARGE = 2_000
"""Domains of the list that others are held against; our own bound."""


def slips_of(domains: Collection[Domain], addresses: int) -> list[Slip]:
    """The slips among `domains`, those with most addresses first. `addresses` is how many the list has."""
    counts = {domain.name: domain.addresses for domain in domains}
    large = sorted((d for d in domains if is_large(d, addresses)), key=lambda d: -d.addresses)[:MAX_LARGE]
    targets = {**{name: counts.get(name, 0) for name in mailbox_domains()}, **{d.name: d.addresses for d in large}}
    near = _index(targets)
    found = (_slip(domain, targets, near) for domain in domains if domain.name not in targets)
    return sorted((slip for slip in found if slip), key=lambda slip: (-slip.addresses, slip.domain))


def is_large(domain: Domain, addresses: int) -> bool:
    """Whether a domain is so large in the list that others may be slips of it. One that takes no mail is none."""
    return domain.addresses >= max(LARGE, LARGE_SHARE * addresses) and domain.mail not in DEAD


def _slip(domain: Domain, targets: Mapping[str, int], near: Mapping[str, list[str]]) -> Slip | None:
    keys = {domain.name, *_shorter(domain.name)}
    found = {name for key in keys for name in near.get(key, ())}
    candidates = {name for name in found if is_near(domain.name, name) and _letters(domain.name) != _letters(name)}
    # of several that nobody here has, the one under .com is meant: hotmail.co is no slip of hotmail.ca
    for meant in sorted(candidates, key=lambda name: (-targets[name], not name.endswith(".com"), name)):
        if domain.mail in DEAD or (domain.addresses <= OWN_SHARE * targets[meant] and not _may_be_real(domain, meant)):
            return Slip(
                domain=domain.name, meant=meant, addresses=domain.addresses, of=targets[meant], mail=domain.mail
            )
    return None


def _may_be_real(domain: Domain, meant: str) -> bool:
    """Whether a domain with few addresses is near the other one by chance as well as by a slip."""
    is_short = len(meant.partition(".")[0]) < SHORT
    return is_short or not (domain.name[0] == meant[0] or domain.name[1::-1] == meant[:2])


def _letters(name: str) -> str:
    return "".join(c for c in name if not c.isdigit())


def _index(names: Iterable[str]) -> dict[str, list[str]]:
    """Each name and what is left of it without one letter → the names: two that are near share one of these."""
    near: dict[str, list[str]] = {}
    for name in names:
        for key in {name, *_shorter(name)}:
            near.setdefault(key, []).append(name)
    return near


def _shorter(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def is_near(one: str, other: str) -> bool:
    """Whether the two differ by one letter left out, put in or changed, or by two neighbours that changed places."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[start:], other[start:]
    if len(one) == len(other):
        swapped = rest[:2] == others[1::-1] if len(rest) > 1 else False
        return rest[1:] == others[1:] or (swapped and rest[2:] == others[2:])
    return rest[1:] == others if len(one) > len(other) else rest == others[1:]
