"""A proposed change against the senders of the reports: whose mail would lose DMARC, and how sure that is."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from deliverability import api
from deliverability.document import Audit, from_json, to_json
from deliverability.findings import Finding, Outcome, Severity
from deliverability.inputs import Given, from_observations, read_for
from deliverability.intake.trouble import Troubles
from deliverability.lookup import Answer, AssumeAbove, OverlayResolver, Resolver, Status, ZoneResolver
from deliverability.rates import Asked
from support.aggregate import dkim, record, report, spf

ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
OTHER = "2ZqW5jB7tXJjB2h9k0b1q4cVtq3qk0yq8mQ1lXr3r0Q="
ZONE = f"""
$ORIGIN example.com.
@ 300 SOA ns hostmaster 1 7200 900 1209600 300
@ 300 TXT "v=spf1 ip4:192.0.2.1 include:_spf.invoices.example.com -all"
_spf.invoices 300 TXT "v=spf1 ip4:198.51.100.7 -all"
_dmarc 300 TXT "v=DMARC1; p=reject; rua=mailto:reports@example.com"
_dmarc.shop 300 TXT "v=DMARC1; p=reject"
s1._domainkey 300 TXT "v=DKIM1; k=ed25519; p={ED25519}"
s2._domainkey 300 TXT "v=DKIM1; k=ed25519; p={OTHER}"
"""
WITHOUT_INCLUDE = 'example.com. 300 TXT "v=spf1 ip4:192.0.2.1 -all"\n'
BY_SPF = record("198.51.100.7", 40, by_dkim="fail", auth=spf("example.com", scope="mfrom"))
BY_BOTH = record("198.51.100.7", 60, auth=dkim("example.com", selector="s1") + spf("example.com", scope="mfrom"))
OFFICE = record("192.0.2.1", 900, by_dkim="fail", auth=spf("example.com", scope="mfrom"))


class Hanging:
    """Never answers."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        del server, dnssec
        await asyncio.Event().wait()
        raise AssertionError(name, rdtype)


class Silent:
    """Answers nothing about one name, and the rest as its base."""

    def __init__(self, base: Resolver, name: str) -> None:
        self._base, self._name = base, name

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        if name == self._name:
            return Answer(name=name, rdtype=rdtype, status=Status.TIMEOUT)
        return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)


def proposed(tmp_path: Path, overlay: str, *records: str, silent: str = "", declared: tuple[str, ...] = ()) -> Audit:
    """The audit of example.com with `overlay` laid over its zone, and what receivers reported."""
    file = tmp_path / "report.xml"
    file.write_text(report(*records), encoding="utf-8")
    given = Given(dmarc_reports=(str(file),), declared=declared)
    inputs = read_for(["example.com"], given, Asked(), Troubles(), lambda _: None)
    published: Resolver = AssumeAbove(ZoneResolver.from_text(ZONE, origin="example.com"))
    published = Silent(published, silent) if silent else published
    over = OverlayResolver(ZoneResolver.from_text(overlay, origin="example.com"), published)
    return asyncio.run(api.run(api.plan("example.com", inputs=inputs), over, published))[0]


def lost(audit: Audit) -> Finding:
    return next(finding for finding in audit.findings if finding.check == "dmarc-lost-senders")


def test_a_removed_include_names_who_would_lose_dmarc_and_how_much_mail(tmp_path: Path) -> None:
    found = lost(proposed(tmp_path, WITHOUT_INCLUDE, BY_SPF, BY_BOTH, OFFICE))

    assert (found.outcome, found.severity) == (Outcome.FAIL, Severity.CRITICAL)
    assert (found.data["count"], found.data["least"], found.data["most"], found.data["of"]) == (1, 40, 40, 1000)
    assert [(row.name, row.note) for row in found.evidence] == [("198.51.100.7", "SPF lost; DKIM kept")]


def test_a_change_that_takes_nothing_passes(tmp_path: Path) -> None:
    same = 'example.com. 300 TXT "v=spf1 include:_spf.invoices.example.com ip4:192.0.2.0/24 -all"\n'

    assert lost(proposed(tmp_path, same, BY_SPF, BY_BOTH, OFFICE)).outcome is Outcome.PASS


def test_another_key_at_the_same_selector_verifies_nothing_that_was_signed_with_the_old_one(tmp_path: Path) -> None:
    signed = record("198.51.100.7", 70, by_spf="fail", auth=dkim("example.com", selector="s1"))
    overlay = f's1._domainkey.example.com. 300 TXT "v=DKIM1; k=ed25519; p={OTHER}"\n'

    assert lost(proposed(tmp_path, overlay, signed)).data["least"] == 70


def test_where_reports_cannot_tell_which_key_was_used_nothing_is_called_lost(tmp_path: Path) -> None:
    keys = dkim("example.com", selector="s1") + dkim("example.com", selector="s2")
    signed = record("198.51.100.7", 70, by_spf="fail", auth=keys)
    overlay = 's1._domainkey.example.com. 300 TXT "v=DKIM1; p="\n'

    found = lost(proposed(tmp_path, overlay, signed))

    assert (found.outcome, found.data["most"]) == (Outcome.UNKNOWN, 70)


STRICT = '_dmarc 300 TXT "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:reports@example.com"\n'


def of_author(author: str, *ways: str) -> str:
    """40 messages from the office that pass as mail of `author`."""
    return record("192.0.2.1", 40, header_from=author, auth="".join(ways))


@pytest.mark.parametrize(
    ("records", "overlay", "least", "most"),
    [
        # signed and sent as the domain itself: nothing changes for its own mail, and a subdomain's loses both ways
        ((of_author("example.com", dkim("example.com", selector="s1"), spf("example.com")),), STRICT, 0, 0),
        ((of_author("news.example.com", dkim("example.com", selector="s1"), spf("example.com")),), STRICT, 40, 40),
        (
            (of_author("news.example.com", dkim("example.com", selector="s1"), spf("example.com")),),
            "@ 300 MX 0 .\n",
            0,
            0,
        ),
        (
            (
                of_author("example.com", dkim("example.com", selector="s1"), spf("example.com")),
                of_author("news.example.com", dkim("example.com", selector="s1"), spf("example.com")),
            ),
            STRICT,
            0,
            80,
        ),
        # a policy of the subdomain's own, which nobody proposes to change
        ((of_author("shop.example.com", dkim("example.com", selector="s1"), spf("example.com")),), STRICT, 0, 0),
    ],
)
def test_strict_alignment_costs_the_mail_whose_author_is_another_name(
    tmp_path: Path, records: tuple[str, ...], overlay: str, least: int, most: int
) -> None:
    finding = lost(proposed(tmp_path, overlay, *records))

    assert (finding.data.get("least", 0), finding.data.get("most", 0)) == (least, most)


def test_mail_that_keeps_one_way_is_not_lost(tmp_path: Path) -> None:
    assert lost(proposed(tmp_path, WITHOUT_INCLUDE, BY_BOTH)).outcome is Outcome.PASS


def test_could_not_look_is_unknown_and_never_lost(tmp_path: Path) -> None:
    found = lost(proposed(tmp_path, WITHOUT_INCLUDE, BY_SPF, silent="_spf.invoices.example.com"))

    assert (found.outcome, found.data["most"]) == (Outcome.UNKNOWN, 40)


def test_a_sender_that_nobody_declared_is_a_warning(tmp_path: Path) -> None:
    # it passes by SPF: without an inventory it would be the domain's own
    found = lost(proposed(tmp_path, WITHOUT_INCLUDE, BY_SPF, OFFICE, declared=("192.0.2.1",)))

    assert (found.outcome, found.case, found.severity) == (Outcome.FAIL, "strangers", Severity.MEDIUM)


@pytest.mark.parametrize("word", ["unknown", "a..b", "x" * 300])
def test_reports_that_name_no_address_and_no_name_stop_nothing(tmp_path: Path, word: str) -> None:
    odd = record(word, 5, auth=dkim(word, selector=word) + spf(word, scope="mfrom"))

    assert lost(proposed(tmp_path, WITHOUT_INCLUDE, odd, OFFICE)).outcome is Outcome.PASS


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    audit = from_json(to_json(proposed(tmp_path, WITHOUT_INCLUDE, BY_SPF, OFFICE)))

    kept = from_observations(audit.observations, audit.rates, audit.comparison).change

    assert kept is not None
    assert [(one.address, one.least) for one in kept.senders] == [("198.51.100.7", 40)]


def test_without_proposed_records_or_reports_the_rule_does_not_bind() -> None:
    published = AssumeAbove(ZoneResolver.from_text(ZONE, origin="example.com"))

    audit = asyncio.run(api.run(api.plan("example.com"), published))[0]

    assert lost(audit).outcome is Outcome.NOT_APPLICABLE


def test_reported_senders_leave_the_audit_half_of_its_time(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(report(BY_SPF), encoding="utf-8")
    given = Given(dmarc_reports=(str(tmp_path / "report.xml"),))
    inputs = read_for(["example.com"], given, Asked(), Troubles(), lambda _: None)
    plan = api.plan("example.com", inputs=inputs, timeout=0.8)

    started = time.monotonic()
    [audit] = asyncio.run(api.run(plan, Hanging(), Hanging()))

    assert time.monotonic() - started < 1.2
    assert lost(audit).outcome is Outcome.UNKNOWN


def test_what_is_handed_to_other_servers_is_not_known(tmp_path: Path) -> None:
    found = lost(proposed(tmp_path, "_spf.invoices.example.com. 300 NS ns.elsewhere.test.\n", BY_SPF))

    assert (found.outcome, found.data["most"]) == (Outcome.UNKNOWN, 40)


def test_where_no_policy_is_enforced_the_loss_is_not_critical(tmp_path: Path) -> None:
    lax = WITHOUT_INCLUDE + '_dmarc.example.com. 300 TXT "v=DMARC1; p=none; rua=mailto:reports@example.com"\n'

    assert lost(proposed(tmp_path, lax, BY_SPF)).severity is Severity.HIGH
