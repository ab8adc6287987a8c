"""The rest of the names in the public suite's zones: what RFC 7208 makes of each, worked out by hand."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.protocols.spf import check_host
from support.shared import shared
from support.spf_zone import DictResolver, suite_zone

SCENARIOS = [
    "initial",
    "lookup",
    "selecting",
    "evaluation",
    "all",
    "ptr",
    "a",
    "include",
    "mx",
    "exists",
    "ip4",
    "ip6",
    "modifiers",
    "macros",
    "limits",
    "bugs",
]
LONG_LABEL = "a123456789012345678901234567890123456789012345678901234567890123"
"""64 characters; without the last one it is a label of the zone."""

EXPECTED = """
initial | lyme.eater@{long}.example.com | 1.2.3.4 | none
initial | lyme.eater@{long63}.example.com | 1.2.3.4 | fail
initial | lyme.eater@A...example.com | 1.2.3.4 | none
initial | foo@[127.0.0.1] | 1.2.3.4 | none
initial | foobar@hosed2.example.com | 1.2.3.4 | permerror
initial | foobar@ctrl.example.com | 1.2.3.4 | permerror
initial | foobar@fine.example.com | 1.2.3.4 | fail
initial | foo@example.com | 1.2.3.4 | temperror
lookup | foo@txtonly.example.net | 1.2.3.4 | fail
lookup | foo@spfonly.example.net | 1.2.3.4 | none
lookup | foo@spftimeout.example.net | 1.2.3.4 | fail
lookup | foo@txttimeout.example.net | 1.2.3.4 | none
lookup | foo@nospftxttimeout.example.net | 1.2.3.4 | none
selecting | foo@example2.com | 1.2.3.4 | none
selecting | foo@example3.com | 1.2.3.4 | pass
selecting | foo@example5.com | 1.2.3.4 | permerror
selecting | foo@example8.com | 1.2.3.4 | pass
selecting | foo@example9.com | 1.2.3.4 | softfail
evaluation | foo@t1.example.com | 1.2.3.4 | permerror
evaluation | foo@t3.example.com | 1.2.3.4 | permerror
evaluation | foo@t5.example.com | 1.2.3.4 | softfail
evaluation | foo@t6.example.com | 1.2.3.4 | pass
evaluation | foo@t7.example.com | 1.2.3.5 | neutral
evaluation | foo@t9.example.com | 1.2.3.4 | permerror
evaluation | foo@t10.example.com | 1.2.3.4 | fail
evaluation | foo@t12.example.com | 1.2.3.4 | fail
all | foo@e3.example.com | 1.2.3.4 | permerror
all | foo@e4.example.com | 1.2.3.4 | neutral
ptr | foo@e3.example.com | cafe:babe::1 | pass
ptr | foo@e4.example.com | 1.2.3.4 | neutral fail
ptr | foo@e5.example.com | 1.2.3.4 | permerror
ptr | foo@e6.example.com | 2001:db8::1 | pass
a | foo@e2b.example.com | 1.2.3.4 | fail
a | foo@e2.example.com | 1234::1 | fail
a | foo@ipv6.example.com | 1234::1 | pass
a | foo@ipv6.example.com | 1.1.1.1 | pass
a | foo@ipv6.example.com | 2001:db8::5 | fail
a | foo@e3.example.com | 1.2.3.4 | permerror
a | foo@e4.example.com | 1.2.3.4 | permerror
a | foo@e5a.example.com | 1.2.3.4 | permerror
a | foo@e6a.example.com | 1.2.3.4 | permerror
a | foo@e7.example.com | 1.2.3.4 | permerror
a | foo@e8.example.com | 2001:db8:1234::cafe:babe | pass
a | foo@e8a.example.com | 1.2.3.4 | pass
a | foo@e8b.example.com | 1.2.3.4 | fail
a | foo@e8b.example.com | 2001:db8:1234::cafe:babe | pass
a | foo@e9.example.com | 1.2.3.4 | permerror
a | foo@e10.example.com | 1.2.3.4 | pass
a | foo@e11.example.com | 1.2.3.4 | pass
a | foo@e13.example.com | 1.2.3.4 | permerror
include | foo@e1.example.com | 1.2.3.4 | softfail
include | foo@e2.example.com | 1.2.3.4 | pass
include | foo@e4.example.com | 1.2.3.4 | temperror
include | foo@e7.example.com | 1.2.3.4 | permerror
include | foo@e8.example.com | 1.2.3.4 | permerror
include | foo@e9.example.com | 1.2.3.4 | permerror
mx | foo@mail.example.com | 1.2.3.4 | neutral
mx | foo@e1.example.com | 1.2.3.4 | fail
mx | foo@e2b.example.com | 1234::1 | fail
mx | foo@e3.example.com | 1.2.3.4 | permerror
mx | foo@e5.example.com | 1.2.3.4 | permerror
mx | foo@e6.example.com | 1.2.3.4 | fail
mx | foo@e6a.example.com | 1.2.3.4 | permerror
mx | foo@e7.example.com | 1.2.3.4 | permerror
mx | foo@e10.example.com | 1.2.3.4 | pass
mx | foo@e11.example.com | 1.2.3.4 | pass
mx | foo@e12.example.com | 1.2.3.4 | permerror
exists | foo@e1.example.com | 1.2.3.4 | permerror
exists | foo@e4.example.com | 1.2.3.4 | pass
exists | foo@e4.example.com | cafe:babe::3 | pass
ip4 | foo@e1.example.com | 1.2.3.4 | pass
ip4 | foo@e4.example.com | 1.2.3.4 | permerror
ip4 | foo@e5.example.com | 1.2.3.4 | permerror
ip4 | foo@e7.example.com | 1.2.3.4 | fail
ip4 | foo@e7.example.com | ::ffff:1.2.3.4 | fail
ip4 | foo@e8.example.com | 1.2.3.4 | permerror
ip4 | foo@e9.example.com | 1.2.3.4 | permerror
ip6 | foo@e5.example.com | cafe:babe:8000:: | pass
ip6 | foo@e6.example.com | 1.2.3.4 | permerror
modifiers | foo@e1.example.com | 1.2.3.4 | fail | DEFAULT
modifiers | foo@e3.example.com | 1.2.3.4 | fail | See me.
modifiers | foo@e6.example.com | 1.2.3.4 | permerror
modifiers | foo@e7.example.com | 1.2.3.4 | fail | Correct!
modifiers | foo@e14.example.com | 1.2.3.4 | permerror
modifiers | foo@e16.example.com | 1.2.3.4 | permerror
modifiers | foo@e17.example.com | 1.2.3.4 | permerror
modifiers | foo@e18.example.com | 1.2.3.4 | permerror
modifiers | foo@e19.example.com | 1.2.3.4 | neutral
modifiers | foo@e20.example.com | 1.2.3.4 | neutral
modifiers | foo@nonascii.example.com | 1.2.3.4 | fail | DEFAULT
modifiers | foo@tworecs.example.com | 1.2.3.4 | fail | DEFAULT
modifiers | foo@e23.example.com | 1.2.3.4 | fail | DEFAULT
macros | test@e1.example.com | 1.2.3.4 | permerror
macros | test@e1e.example.com | 1.2.3.4 | permerror
macros | test@e1a.example.com | 1.2.3.4 | pass
macros | test@e2.example.com | 1.2.3.4 | permerror
macros | test@e3.example.com | 192.168.218.40 | fail | Connections from 192.168.218.40 not authorized.
macros | test@e4.example.com | 192.168.218.40 | fail | 192.168.218.40 is queried as 40.218.168.192.in-addr.arpa
macros | test@e5.example.com | 1.2.3.4 | permerror
macros | test@e6.example.com | cafe:babe::3 | fail | connect from mx.example.com
macros | test@e7.example.com | 192.168.218.42 | pass softfail
macros | jack&jill=up-a_b3.c@e8.example.com | 1.2.3.4 | fail | http://example.com/why.html?l=jack%26jill%3Dup-a_b3.c
macros | test@e10.example.com | 1.2.3.4 | fail
macros | philip-gladstone-test@e11.example.com | 1.2.3.4 | pass
macros | foo-bar+zip+quux@e12.example.com | 1.2.3.4 | pass
limits | foo@e1.example.com | 1.2.3.4 | permerror
limits | foo@e5.example.com | 1.2.3.5 | neutral pass
limits | foo@e7.example.com | 1.2.3.4 | permerror
limits | foo@e9.example.com | 1.2.3.4 | permerror
limits | foo@e10.example.com | 1.2.3.12 | pass
"""


def _zones() -> dict[str, DictResolver]:
    import yaml

    scenarios = yaml.safe_load_all(shared("data", "spf-rfc7208", "tests.yml").read_text(encoding="utf-8"))
    return {name: DictResolver(suite_zone(s["zonedata"])) for name, s in zip(SCENARIOS, scenarios, strict=True)}


ZONES = _zones()
ROWS = [line.split(" | ") for line in EXPECTED.strip().splitlines()]


@pytest.mark.corpus
@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:3]))
def test_name_of_the_suites_zones(row: list[str]) -> None:
    scenario, sender, ip, accepted, *explanation = row
    sender = sender.replace("{long}", LONG_LABEL).replace("{long63}", LONG_LABEL[:-1])

    found = asyncio.run(
        check_host(ZONES[scenario], ip=ip, sender=sender, helo="mail.example.com", default_explanation="DEFAULT")
    )

    assert found.result in accepted.split()
    if explanation:
        assert [found.explanation] == explanation
