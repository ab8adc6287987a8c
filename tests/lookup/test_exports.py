"""Zones as octoDNS and DNSControl write them: what is read, what stays open, what is refused and where."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.lookup import Status, ZoneError, ZoneResolver, exports, exports_octodns
from deliverability.lookup.exports import reader_of
from support.exports import AWS, CLOUDFLARE, KEY, Json, asked, problem, records, resource, state, zone

# octoDNS -------------------------------------------------------------------------------------------------------------

OCTODNS = rf"""---
? ''
: - type: MX
    values:
      - exchange: mx1.example.com.
        preference: 10
      - priority: 20
        value: mx2.example.com.
  - ttl: 60
    type: TXT
    values:
      - v=spf1 include:_spf.example.net -all
      - 'say "this"'
  - type: ALIAS
    value: shop.example.net.
  - type: CAA
    value: {{flags: 0, tag: issue, value: ca.example.net}}
_dmarc:
  type: TXT
  value: v=DMARC1\; p=reject\; rua=mailto:dmarc@example.com
s1._domainkey:
  type: TXT
  value: {KEY.replace(";", chr(92) + ";")}
s2._domainkey:
  type: TXT
  value: '"v=DKIM1\; k=rsa\; " "p=AAAA"'
_imap._tcp: {{type: SRV, ttl: 600, value: {{priority: 0, weight: 0, port: 0, target: .}}}}
'*.w':
  type: A
  values: &web
    - 192.0.2.1
    - 192.0.2.2
app: {{type: A, values: *web}}
gone: {{type: CNAME, value: example.net., octodns: {{ignored: true}}}}
loc: {{type: LOC, value: {{altitude: 20}}}}
forward: {{type: URLFWD, value: {{code: 302}}}}
"""


@pytest.fixture
def octodns(tmp_path: Path) -> ZoneResolver:
    return zone(tmp_path, "example.com.yaml", OCTODNS)


def test_an_octodns_zone_is_named_by_its_file_and_answers(octodns: ZoneResolver) -> None:
    assert octodns.origins == ("example.com",)
    assert records(octodns, "example.com", "MX") == ("10 mx1.example.com.", "20 mx2.example.com.")
    assert records(octodns, "example.com", "CAA") == ('0 issue "ca.example.net"',)
    assert records(octodns, "_imap._tcp.example.com", "SRV") == ("0 0 0 .",)
    assert records(octodns, "any.w.example.com", "A") == records(octodns, "app.example.com", "A")
    assert asked(octodns, "example.com", "TXT").ttl == 60
    assert asked(octodns, "_dmarc.example.com", "TXT").ttl == 3600
    assert asked(octodns, "gone.example.com", "CNAME").status is Status.NXDOMAIN
    assert (octodns.line_of("_dmarc.example.com", "TXT") or ("", 0))[1] == 18


def test_octodns_escapes_semicolons_and_the_provider_cuts_long_texts(octodns: ZoneResolver) -> None:
    assert set(records(octodns, "example.com", "TXT")) == {"v=spf1 include:_spf.example.net -all", 'say "this"'}
    assert records(octodns, "_dmarc.example.com", "TXT") == ("v=DMARC1; p=reject; rua=mailto:dmarc@example.com",)
    assert records(octodns, "s1._domainkey.example.com", "TXT") == (KEY,)
    assert [len(part) for part in asked(octodns, "s1._domainkey.example.com", "TXT").strings[0]] == [255, 163]
    assert records(octodns, "s2._domainkey.example.com", "TXT") == ("v=DKIM1; k=rsa; p=AAAA",)


def test_what_a_provider_makes_of_a_record_is_not_known(octodns: ZoneResolver) -> None:
    for name in ("example.com", "forward.example.com"):
        assert {asked(octodns, name, rdtype).status for rdtype in ("A", "AAAA")} == {Status.REFUSED}
    assert asked(octodns, "loc.example.com", "LOC").status is Status.REFUSED
    assert asked(octodns, "forward.example.com", "MX").status is Status.NODATA
    assert octodns.names_below("example.com") is not None
    assert "forward.example.com" in (octodns.names_below("example.com") or ())


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "a type that nobody knows": ("www:\n  type: NONESUCH\n  value: x\n", "1: www: records of type 'NONESUCH'"),
        "a type that no record has": ("www:\n  type: NONE\n  value: x\n", "1: www: records of type 'NONE'"),
        "a type of questions": ("www:\n  type: axfr\n  value: x\n", "1: www: records of type 'axfr'"),
        "no type": ("\nwww:\n  value: x\n", "2: www: a record without a type"),
        "no value": ("www: [{type: A}]\n", "1: www[0]: a A record without a value"),
        "no final dot": ("www: {type: CNAME, value: example.net}\n", "1: www: 'example.net' has no final dot"),
        "no address": ("www: {type: A, value: 192.0.2.256}\n", "1: www: no A record"),
        "two records in one": ('www: {type: A, value: "192.0.2.1\\nx A 192.0.2.2"}\n', "1: www: no A record"),
        "a comment": ("www: {type: MX, value: {preference: 1, exchange: 'a.example.;b.'}}\n", "1: www: no MX record"),
        "a TTL": ("www: {type: A, ttl: soon, value: 192.0.2.1}\n", "1: www: no TTL: 'soon'"),
        "twice": (
            "www: {type: A, value: 192.0.2.1}\nwww: {type: A, value: 192.0.2.2}\n",
            "2: www: stands twice; line 1",
        ),
        "twice in a line": ("{www: {type: A, value: 192.0.2.1}, www: {type: A, value: 192.0.2.2}}\n", "1: www: stands"),
        "a name that is a list": ("? [www]\n: {type: A, value: 192.0.2.1}\n", "1: a list or a mapping"),
        "no mapping": ("- a\n", " no mapping"),
        "nothing": ("", " no mapping"),
        "not YAML": ("a: [\n", "2: no YAML"),
        "a configuration": (
            "providers:\n  config: {class: octodns.provider.yaml.YamlProvider}\n",
            "1: providers: a rec",
        ),
        "too deep": ("a: " + "[" * 5_000 + "]" * 5_000, "1: nested too deeply"),
        "itself": ("a: &a {type: TXT, values: [*a]}\n", "1: no YAML"),
        "an object of Python": ("a: !!python/object/apply:os.system [id]\n", "1: no YAML"),
    }.values(),
)
def test_what_is_wrong_in_octodns_is_named_by_line_and_record(tmp_path: Path, text: str, said: str) -> None:
    assert problem(tmp_path, "example.com.yaml", text).startswith(said)


def test_references_within_references_are_no_bomb(tmp_path: Path) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 15))

    assert problem(tmp_path, "example.com.yaml", f"l0: &l0 [x, x]\n{levels}")


def test_an_octodns_file_that_is_not_named_for_its_zone_is_refused(tmp_path: Path) -> None:
    assert "named for its zone" in problem(tmp_path, "zone.yaml", OCTODNS)


def test_without_pyyaml_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)

    assert "pip install 'deliv[zones]'" in problem(tmp_path, "example.com.yaml", OCTODNS)


# DNSControl ----------------------------------------------------------------------------------------------------------


def representation(*found: Json, name: str = "example.com", **more: Any) -> Json:
    domain = {"name": name, "registrar": "none", "dnsProviders": {}, "records": list(found), **more}
    return {"registrars": [], "dns_providers": [], "domains": [domain]}


def test_each_version_of_dnscontrol_says_a_text_in_its_own_way(tmp_path: Path) -> None:
    found = zone(
        tmp_path,
        "ir.json",
        representation(
            {"type": "TXT", "name": "@", "target": "bonnieclyde", "txtstrings": ["bonnie", "clyde"]},
            {"type": "TXT", "name": "s1._domainkey", "ttl": 300, "target": KEY},
            {"type": "TXT", "name": "s2._domainkey", "ttl": 60, "rdata": '"v=DKIM1; p=" "AA\\"\\065"'},
            {"type": "TXT", "name": "s3._domainkey", "rdata": {"Txt": ["x"]}, "comparablev3": '"v=DKIM1; p=AA"'},
        ),
    )

    assert asked(found, "example.com", "TXT").strings == ((b"bonnie", b"clyde"),)
    assert records(found, "s1._domainkey.example.com", "TXT") == (KEY,)
    assert asked(found, "s2._domainkey.example.com", "TXT").strings == ((b"v=DKIM1; p=", b'AA"A'),)
    assert records(found, "s3._domainkey.example.com", "TXT") == ("v=DKIM1; p=AA",)


def test_dnscontrol_leaves_out_numbers_that_are_nought(tmp_path: Path) -> None:
    found = zone(
        tmp_path,
        "ir.json",
        representation(
            {"type": "MX", "name": "@", "target": "mx.example.net."},
            {"type": "SRV", "name": "_imap._tcp", "srvport": 143, "target": "mx.example.net."},
            {"type": "CAA", "name": "@", "caatag": "issuewild", "target": ";"},
            {"type": "CNAME", "name": "www", "target": "web"},
            {"type": "MX", "name": "later", "rdata": "5 mx.example.net."},
            {"type": "ALIAS", "name": "@", "target": "web.example.net."},
            {"type": "CF_REDIRECT", "name": "@", "target": "a,b"},
            nameservers=[{"name": "ns1.example.net"}],
        ),
    )

    assert records(found, "example.com", "MX") == ("0 mx.example.net.",)
    assert records(found, "_imap._tcp.example.com", "SRV") == ("0 0 143 mx.example.net.",)
    assert records(found, "example.com", "CAA") == ('0 issuewild ";"',)
    assert records(found, "example.com", "NS") == ("ns1.example.net.",)
    assert records(found, "later.example.com", "MX") == ("5 mx.example.net.",)
    assert asked(found, "www.example.com", "A").cname_chain == ("web.example.com",)
    assert asked(found, "example.com", "A").status is Status.REFUSED


def test_views_of_one_zone_are_not_mixed(tmp_path: Path) -> None:
    one = representation(name="example.com!inside")
    both = {**one, "domains": [*one["domains"], *representation(name="example.com!outside")["domains"]]}

    assert zone(tmp_path, "ir.json", representation(name="example.com!out")).origins == ("example.com",)
    assert problem(tmp_path, "ir.json", both) == (
        " domains[1]: example.com!inside and example.com!outside are views of one zone: write one of them out alone"
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"type": "NONESUCH", "name": "@"}, "records of type 'NONESUCH' are not read"),
        ({"type": "MX", "name": "@", "target": "mx.example.net"}, "'mx.example.net' has no final dot"),
        ({"type": "A", "name": "@", "target": "x"}, "no A record"),
        ({"type": "A", "name": "a..b", "target": "192.0.2.1"}, "no name"),
        ({"type": "TXT", "name": "@", "rdata": "v=spf1 -all"}, "rdata is no list of quoted strings"),
        ({"type": "TXT", "name": "@", "target": None}, "target is no text"),
        ({"name": "@"}, "type is no text"),
        ("x", "type is no text"),
    ],
)
def test_what_is_wrong_in_dnscontrol_is_named_by_its_place(tmp_path: Path, record: Json, said: str) -> None:
    good = {"type": "A", "name": "@", "target": "192.0.2.1"}

    assert problem(tmp_path, "ir.json", representation(good, record)).startswith(f" domains[0].records[1]: {said}")


# any file ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"version": 4, "serial": 1, "lineage": "x", "resources": []}', " a state as Terraform stores it"),
        ('{"a": 1}', " neither `dnscontrol print-ir` nor `terraform show -json` wrote"),
        ("[]", " neither"),
        ('{"a":\n 1,}', "2: no JSON"),
        ("[" * 200_000, " no JSON: nested too deeply"),
    ],
)
def test_json_of_another_kind_is_said_to_be_that(tmp_path: Path, text: str, said: str) -> None:
    assert problem(tmp_path, "x.json", text).startswith(said)


def test_json_is_told_from_a_master_file_by_how_it_begins() -> None:
    assert reader_of("zone", '\n {"domains": []}') is not None
    assert reader_of("example.com.zone", "$ORIGIN example.com.\n@ A 192.0.2.1\n") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6) | st.sampled_from(
        ["@", "example.com", "TXT", "MX", "A", "managed", "aws_route53_record", "cloudflare_record", "Z1", "c1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["name", "type", "ttl", "target", "records", "values", "value", "content", "data", "zone_id", "txtstrings",
             "rdata", "record", "zone_name", "rrdatas", "fqdn", "mxpreference", "nameservers", "proxied", "alias"]),
        inner, max_size=5),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60)
@given(JSON, st.sampled_from(["dnscontrol", "terraform", "octodns"]))
def test_any_values_are_a_zone_or_one_line(tmp_path_factory: pytest.TempPathFactory, value: Any, tool: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    values = value if isinstance(value, dict) else {"name": "a", "values": value, "records": value}
    whole: dict[str, tuple[str, Json]] = {
        "dnscontrol": ("x.json", {"domains": [{"name": "example.com", "records": [{"type": "TXT", **values}]}]}),
        "terraform": (
            "x.json",
            state(AWS, CLOUDFLARE, *(resource(kind, **{"address": "a", **values}) for kind in KINDS)),
        ),
        "octodns": ("example.com.yaml", {"a": {"type": "MX", **values}, "b": value}),
    }
    name, found = whole[tool]
    said = ""
    try:
        zone(folder, name, found)
    except ZoneError as error:
        said = str(error)
    assert "\n" not in said


KINDS = ("aws_route53_record", "cloudflare_record", "google_dns_record_set", "azurerm_dns_mx_record")


@pytest.mark.parametrize("name", ["x.json", "example.com.yaml"])
def test_a_file_that_is_too_long_is_not_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORT_CHARACTERS", 99)

    assert problem(tmp_path, name, "[" * 100).startswith(" larger than")


def test_values_of_yaml_are_bounded_in_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports_octodns, "MAX_EVENTS", 50)
    many = "".join(f"a{n}: {{type: A, value: 192.0.2.1}}\n" for n in range(9))

    assert problem(tmp_path, "example.com.yaml", many) == "7: too many values"
