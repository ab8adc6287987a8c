"""Zones as Terraform writes them: four providers, each with its own words; what stays open, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deliverability.lookup import Status, exports_terraform
from support.exports import AWS, CLOUDFLARE, GOOGLE, KEY, Json, asked, problem, records, resource, state, zone


def route53(**values: Any) -> Json:
    made: Json = {"zone_id": "Z1", "ttl": 300, **values}
    return resource("aws_route53_record", **made)


def test_route_53_quotes_and_cuts_by_itself(tmp_path: Path) -> None:
    found = zone(
        tmp_path,
        "plan.json",
        state(
            AWS,
            route53(name="", type="TXT", records=["v=spf1 include:_spf.example.net -all", 'tab\\011 and \\"quote\\"']),
            route53(name="s1._domainkey.example.com", type="TXT", records=[KEY[:255] + '""' + KEY[255:]]),
            route53(name="s2._domainkey", type="TXT", records=['v=DKIM1; " "p=AAAA']),
            route53(name="example.com.", type="MX", records=["10 mx.example.net"]),
            route53(name="\\052.w", type="CNAME", records=["example.net"]),
        ),
    )

    assert set(records(found, "example.com", "TXT")) == {"v=spf1 include:_spf.example.net -all", 'tab\t and "quote"'}
    assert records(found, "s1._domainkey.example.com", "TXT") == (KEY,)
    assert asked(found, "s2._domainkey.example.com", "TXT").strings == ((b"v=DKIM1; ", b"p=AAAA"),)
    assert records(found, "example.com", "MX") == ("10 mx.example.net.",)
    assert asked(found, "a.w.example.com", "A").cname_chain == ("example.net",)


def test_aliases_policies_and_what_is_not_known_yet_stay_open(tmp_path: Path) -> None:
    found = zone(
        tmp_path,
        "plan.json",
        {
            "format_version": "1.2",
            "planned_values": {
                "root_module": {
                    "child_modules": [
                        {
                            "resources": [
                                route53(name="", type="A", alias=[{"name": "lb.example.net"}]),
                                route53(name="www", type="CNAME", records=["ok.example.com."], set_identifier="blue"),
                                route53(name="_dmarc", type="TXT"),
                                route53(name="ok", type="TXT", records=["yes"]),
                            ]
                        }
                    ]
                }
            },
            "prior_state": state(resource("aws_route53_zone", mode="data", zone_id="Z1", name="example.com")),
        },
    )

    assert asked(found, "example.com", "A").status is Status.REFUSED
    assert asked(found, "example.com", "AAAA").status is Status.NODATA
    assert asked(found, "www.example.com", "TXT").status is Status.REFUSED
    assert asked(found, "_dmarc.example.com", "TXT").status is Status.REFUSED
    assert records(found, "ok.example.com", "TXT") == ("yes",)


def test_cloudflare_takes_a_text_with_or_without_quotation_marks(tmp_path: Path) -> None:
    def record(**values: Any) -> Json:
        kind = "cloudflare_dns_record" if "content" in values else "cloudflare_record"
        made: Json = {"zone_id": "c1", "ttl": 1, **values}
        return resource(kind, **made)

    found = zone(
        tmp_path,
        "state.json",
        state(
            CLOUDFLARE,
            record(name="@", type="TXT", value='v=spf1 "a" -all'),
            record(name="s1._domainkey.example.com", type="TXT", content=f'"{KEY[:200]}" "{KEY[200:]}"'),
            record(name="example.com", type="MX", content="mx.example.net", priority=10),
            record(
                name="_imap._tcp", type="SRV", data=[{"priority": 1, "weight": 2, "port": 3, "target": "a.example"}]
            ),
            record(name="www", type="CNAME", content="example.net", proxied=True),
            record(name="mail", type="CNAME", content="example.net", proxied=False),
        ),
    )

    assert records(found, "example.com", "TXT") == ('v=spf1 "a" -all',)
    assert records(found, "s1._domainkey.example.com", "TXT") == (KEY,)
    assert records(found, "example.com", "MX") == ("10 mx.example.net.",)
    assert records(found, "_imap._tcp.example.com", "SRV") == ("1 2 3 a.example.",)
    assert asked(found, "www.example.com", "A").status is Status.REFUSED
    assert asked(found, "www.example.com", "TXT").status is Status.NODATA
    assert asked(found, "mail.example.com", "A").cname_chain == ("example.net",)


def test_google_and_azure(tmp_path: Path) -> None:
    def google(name: str, rdtype: str, *rrdatas: str) -> Json:
        more: Json = {"ttl": 60, "rrdatas": list(rrdatas), "managed_zone": "main"}
        return resource("google_dns_record_set", name=name, type=rdtype, **more)

    def azure(kind: str, name: str, **values: Any) -> Json:
        return resource(f"azurerm_dns_{kind}_record", name=name, zone_name="example.org", **values)

    found = zone(
        tmp_path,
        "state.json",
        state(
            GOOGLE,
            google("example.com.", "TXT", '"v=spf1 -all"', "two words"),
            google("example.com.", "MX", "10 mx.example.net."),
            azure("txt", "@", record=[{"value": KEY}], ttl=300),
            azure("mx", "@", record=[{"preference": "10", "exchange": "mx.example.net"}]),
            azure("a", "www", records=["192.0.2.1"]),
            azure("a", "lb", records=[], target_resource_id="/some/thing"),
            azure("cname", "m", record="example.net"),
            resource("azurerm_private_dns_a_record", name="x"),
            resource("aws_instance", ami="x"),
        ),
    )

    assert found.origins == ("example.com", "example.org")
    assert set(asked(found, "example.com", "TXT").strings) == {(b"v=spf1 -all",), (b"two", b"words")}
    assert records(found, "example.com", "MX") == records(found, "example.org", "MX") == ("10 mx.example.net.",)
    assert records(found, "example.org", "TXT") == (KEY,)
    assert records(found, "www.example.org", "A") == ("192.0.2.1",)
    assert asked(found, "lb.example.org", "A").status is Status.REFUSED
    assert asked(found, "m.example.org", "A").cname_chain == ("example.net",)


def test_a_private_zone_is_no_public_dns(tmp_path: Path) -> None:
    inside = resource("aws_route53_zone", zone_id="Z2", name="example.com", vpc=[{"vpc_id": "v"}])
    found = zone(
        tmp_path,
        "state.json",
        state(
            AWS, inside, route53(name="a", type="A", records=["192.0.2.1"]), route53(name="b", type="A", zone_id="Z2")
        ),
    )

    assert records(found, "a.example.com", "A") == ("192.0.2.1",)
    assert asked(found, "b.example.com", "A").status is Status.NXDOMAIN


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (route53(name="a", type="NONESUCH", records=["x"]), "records of type 'NONESUCH' are not read"),
        (route53(name="a", type="TXT", records=['"v=spf1 -all"']), "no text for Route 53"),
        (route53(name="a", type="TXT", records=["x" * 256]), "a string of 256 octets"),
        (route53(type="TXT", records=["x"]), "its name is not known before the plan is applied"),
        (route53(name="a", type="A", records=["x"], zone_id="Z9"), "its zone is not in the export"),
        (resource("digitalocean_record", name="a"), "digitalocean_record is not read"),
        (resource("dns_txt_record_set", name="a"), "dns_txt_record_set is not read"),
    ],
)
def test_what_is_wrong_in_terraform_is_named_by_its_address(tmp_path: Path, found: Json, said: str) -> None:
    assert problem(tmp_path, "plan.json", state(AWS, found)).startswith(f" {found['address']}: {said}")


INSIDE = resource("aws_route53_zone", zone_id="Z2", name="inside.example", private_zone=True, mode="data")


def test_a_record_whose_zone_is_not_known_yet_is_of_the_only_zone_there_is(tmp_path: Path) -> None:
    record = route53(name="a", type="A", records=["192.0.2.1"], zone_id=None)

    assert records(zone(tmp_path, "plan.json", state(AWS, record)), "a.example.com", "A") == ("192.0.2.1",)
    assert "its zone is not in the export" in problem(tmp_path, "plan.json", state(AWS, INSIDE, record))


@pytest.mark.parametrize(
    "private",
    [
        INSIDE,
        resource("google_dns_managed_zone", name="Z2", dns_name="inside.example.", visibility="private"),
    ],
)
def test_the_records_of_a_private_zone_are_left_out(tmp_path: Path, private: Json) -> None:
    google = resource(
        "google_dns_record_set", name="b.inside.example.", type="A", managed_zone="Z2", rrdatas=["192.0.2.1"]
    )
    record = google if "google" in private["type"] else route53(name="b", type="A", zone_id="Z2", records=["192.0.2.1"])

    assert zone(tmp_path, "state.json", state(AWS, private, record)).origins == ()


def test_an_alias_at_the_apex_of_cloudflare_is_flattened(tmp_path: Path) -> None:
    apex = resource("cloudflare_record", zone_id="c1", name="example.com", type="CNAME", value="example.net", ttl=1)
    found = zone(tmp_path, "state.json", state(CLOUDFLARE, apex))

    assert asked(found, "example.com", "A").status is Status.REFUSED
    assert asked(found, "example.com", "TXT").status is Status.NODATA


def test_a_routing_policy_of_google_stays_open(tmp_path: Path) -> None:
    record = resource(
        "google_dns_record_set",
        name="www.example.com.",
        type="A",
        managed_zone="main",
        rrdatas=["192.0.2.1"],
        routing_policy=[{"wrr": []}],
    )

    assert asked(zone(tmp_path, "state.json", state(GOOGLE, record)), "www.example.com", "A").status is Status.REFUSED


def test_without_its_zone_a_whole_name_is_in_the_nearest_that_the_export_has(tmp_path: Path) -> None:
    below = resource("aws_route53_zone", zone_id="Z3", name="mail.example.com", vpc=[])
    every = [route53(name="a", type="A", zone_id=id_, records=["192.0.2.1"]) for id_ in ("Z1", "Z3")]
    lone = resource(
        "cloudflare_record", zone_id="c9", hostname="x.mail.example.com", type="CNAME", value="a.example", ttl=1
    )
    apex = resource(
        "cloudflare_record", zone_id="c9", hostname="mail.example.com", type="CNAME", value="a.example", ttl=1
    )

    found = zone(tmp_path, "state.json", state(AWS, below, *every, lone, apex))

    assert asked(found, "x.mail.example.com", "A").cname_chain == ("a.example",)
    assert asked(found, "mail.example.com", "TXT").status is Status.NODATA  # an apex, so flattened


def test_modules_within_modules_are_bounded(tmp_path: Path) -> None:
    module: Json = {"resources": [AWS]}
    for _ in range(exports_terraform.MAX_MODULES_DEEP + 1):
        module = {"child_modules": [module]}

    assert "modules nested too deeply" in problem(
        tmp_path, "plan.json", {"format_version": "1.0", "values": {"root_module": module}}
    )
