"""SPF, alignment and DMARC of a message: who may speak for the domain of From."""

from __future__ import annotations

import pytest

from deliverability.lookup import RecordingResolver, ReplayResolver, Resolver
from deliverability.mail.authenticate import AuthenticationFacts, Connection, LiveVerifier, RememberedVerifier
from deliverability.mail.authenticate.facts import DmarcResult
from deliverability.mail.authenticate.states import DmarcVerdict, Identity
from deliverability.protocols.spf.trace import Result
from support.authentication import From, World, authenticated, zone
from support.signing import dkim_signed, message, rsa_signer, spki

RSA = rsa_signer()
KEY = '"' + RSA.record[:200] + '" "' + RSA.record[200:] + '"'
IP = "192.0.2.7"
GIVEN = Connection(ip=IP, helo="out.mail.example", mail_from="mail.example", source="given")
STRANGER = Connection(ip="203.0.113.9", helo="x.example", mail_from="mail.example", source="given")
NOBODY = Connection()
SPF = f'mail.example. TXT "v=spf1 ip4:{IP} -all"\nbounce.mail.example. TXT "v=spf1 ip4:{IP} -all"\n'


def world(dmarc: str = "v=DMARC1; p=reject", more: str = "") -> Resolver:
    record = f'_dmarc.mail.example. TXT "{dmarc}"\n' if dmarc else ""
    return zone(f"{SPF}{record}s1._domainkey.mail.example. TXT {KEY}\ns1._domainkey.esp.example. TXT {KEY}\n{more}")


def look(raw: bytes, resolver: Resolver, connection: Connection = NOBODY, **more: object) -> AuthenticationFacts:
    return authenticated(raw, resolver, connection=connection, **more)  # type: ignore[arg-type]


def dmarc(raw: bytes, resolver: Resolver, connection: Connection = NOBODY, **more: object) -> DmarcResult:
    return look(raw, resolver, connection, **more).dmarc[0]


SIGNED = dkim_signed(message(), RSA)
LARGE = spki((1 << 16383) | 1, 65537)
SIGNED_BY_ESP = dkim_signed(message(), RSA, domain="esp.example")
SIGNED_BELOW = dkim_signed(message(), RSA, domain="news.mail.example")


# SPF


def test_both_identities_are_evaluated() -> None:
    found = look(SIGNED, world(more=f'out.mail.example. TXT "v=spf1 ip4:{IP} -all"\n'), GIVEN)

    assert [(one.identity, one.domain, one.result) for one in found.spf] == [
        (Identity.MAIL_FROM, "mail.example", Result.PASS),
        (Identity.HELO, "out.mail.example", Result.PASS),
    ]


def test_the_null_reverse_path_is_the_helo_name() -> None:
    connection = Connection(ip=IP, helo="out.mail.example", mail_from="")
    found = look(SIGNED, world(more=f'out.mail.example. TXT "v=spf1 ip4:{IP} -all"\n'), connection)

    assert (found.spf[0].domain, found.spf[0].result) == ("out.mail.example", Result.PASS)


@pytest.mark.parametrize(
    ("connection", "lacks"),
    [
        (Connection(), "ip"),
        (Connection(ip="no address", mail_from="mail.example"), "ip"),
        (Connection(ip=IP), "mail_from"),
        (Connection(ip=IP, mail_from=""), "helo"),
    ],
)
def test_what_is_lacking_is_named(connection: Connection, lacks: str) -> None:
    found = look(SIGNED, world(), connection).spf[0]

    assert (found.lacks, found.result) == (lacks, None)


def test_a_record_that_asks_for_the_local_part_is_not_taken_at_its_word() -> None:
    more = 'odd.example. TXT "v=spf1 exists:%{l}.ok.example -all"\n'
    found = look(SIGNED, world(more=more), Connection(ip=IP, helo="h.example", mail_from="odd.example"))

    assert found.spf[0].local_part


def test_nor_is_dmarc_that_would_rest_on_it() -> None:
    texts = {"mail.example": "v=spf1 exists:%{l}.ok.example -all", "_dmarc.mail.example": "v=DMARC1; p=reject"}

    found = authenticated(message(), World(texts), connection=GIVEN).dmarc[0]

    assert (found.verdict, found.lacks) == (DmarcVerdict.UNKNOWN, "connection")


# DMARC


def test_a_lacking_answer_is_named_before_what_the_caller_could_tell() -> None:
    texts = {"_dmarc.mail.example": "v=DMARC1; p=reject"}
    raw = dkim_signed(SIGNED_BY_ESP, RSA)

    found = authenticated(raw, World(texts, failing=("s1._domainkey.mail.example",))).dmarc[0]
    other_way = authenticated(
        dkim_signed(dkim_signed(message(), RSA), RSA, selector="large"),
        World(
            {**texts, "large._domainkey.mail.example": f"v=DKIM1; k=rsa; p={LARGE}"},
            failing=("s1._domainkey.mail.example",),
        ),
    ).dmarc[0]

    assert found.lacks == "answer"
    assert (other_way.verdict, other_way.lacks) == (DmarcVerdict.UNKNOWN, "answer")


CASES: dict[str, tuple[bytes, str, Connection, DmarcVerdict, tuple[str, ...]]] = {
    "by DKIM": (SIGNED, "v=DMARC1; p=reject", STRANGER, DmarcVerdict.PASS, ("dkim:mail.example",)),
    "by SPF": (message(), "v=DMARC1; p=reject", GIVEN, DmarcVerdict.PASS, ("spf:mail.example",)),
    "by neither": (message(), "v=DMARC1; p=reject", STRANGER, DmarcVerdict.FAIL, ()),
    "signed by another": (SIGNED_BY_ESP, "v=DMARC1; p=reject", STRANGER, DmarcVerdict.FAIL, ()),
    "relaxed, below": (
        message(),
        "v=DMARC1; p=reject",
        Connection(ip=IP, helo="h.example", mail_from="bounce.mail.example"),
        DmarcVerdict.PASS,
        ("spf:bounce.mail.example",),
    ),
    "strict, below": (
        message(),
        "v=DMARC1; p=reject; aspf=s",
        Connection(ip=IP, helo="h.example", mail_from="bounce.mail.example"),
        DmarcVerdict.FAIL,
        (),
    ),
    "strict for SPF says nothing of DKIM": (
        SIGNED,
        "v=DMARC1; p=reject; aspf=s",
        STRANGER,
        DmarcVerdict.PASS,
        ("dkim:mail.example",),
    ),
    "no record": (SIGNED, "", STRANGER, DmarcVerdict.NONE, ("dkim:mail.example",)),
    "nobody told of the connection": (message(), "v=DMARC1; p=reject", Connection(), DmarcVerdict.UNKNOWN, ()),
    "signed, so that the connection does not matter": (
        SIGNED,
        "v=DMARC1; p=reject",
        Connection(),
        DmarcVerdict.PASS,
        ("dkim:mail.example",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_dmarc_comes_to(name: str) -> None:
    raw, record, connection, verdict, by = CASES[name]

    found = dmarc(raw, world(record), connection)

    assert (found.verdict, found.aligned_by) == (verdict, by)


def test_helo_alone_is_no_identifier() -> None:
    # RFC 9989 §4.4.2
    more = f'h.mail.example. TXT "v=spf1 ip4:{IP} -all"\n'
    connection = Connection(ip=IP, helo="h.mail.example", mail_from="elsewhere.example")

    assert dmarc(message(), world(more=more), connection).verdict is DmarcVerdict.FAIL


def test_a_signature_below_is_aligned_by_the_walk() -> None:
    more = f"s1._domainkey.news.mail.example. TXT {KEY}\n"
    found = look(SIGNED_BELOW, world(more=more), STRANGER)

    assert (found.dkim[0].aligned, found.dkim[0].strictly_aligned) == (True, False)
    assert found.dmarc[0].verdict is DmarcVerdict.PASS
    assert dmarc(SIGNED_BELOW, world("v=DMARC1; p=reject; adkim=s", more), STRANGER).verdict is DmarcVerdict.FAIL


def test_the_walk_and_the_suffix_list_may_differ() -> None:
    # RFC 9989 §4.10.2: psd=n makes news.mail.example an organization of its own, which no RFC 7489 reader knows
    more = f's1._domainkey.news.mail.example. TXT {KEY}\n_dmarc.news.mail.example. TXT "v=DMARC1; p=none; psd=n"\n'

    found = dmarc(SIGNED_BELOW, world(more=more), STRANGER)

    assert (found.verdict, found.legacy) == (DmarcVerdict.FAIL, DmarcVerdict.PASS)
    assert found.legacy_aligned_by == ("dkim:news.mail.example",)


@pytest.mark.parametrize("silent", ["_dmarc.mail.example", "s1._domainkey.mail.example", "mail.example"])
def test_an_answer_that_is_lacking_leaves_it_open(silent: str) -> None:
    texts = {
        "mail.example": "v=spf1 ip4:198.51.100.1 -all",
        "_dmarc.mail.example": "v=DMARC1; p=reject",
        "s1._domainkey.mail.example": rsa_signer(1025).record,
    }
    found = authenticated(SIGNED, World(texts, failing=(silent,)), connection=STRANGER).dmarc[0]

    assert found.verdict in {DmarcVerdict.TEMPERROR, DmarcVerdict.UNKNOWN}
    assert found.lacks == "answer"


def test_strict_alignment_is_strict_for_either_reader() -> None:
    texts = {"_dmarc.mail.example": "v=DMARC1; p=reject; adkim=s", "s1._domainkey.news.mail.example": RSA.record}

    found = authenticated(SIGNED_BELOW, World(texts), connection=STRANGER).dmarc[0]

    assert (found.verdict, found.legacy) == (DmarcVerdict.FAIL, DmarcVerdict.FAIL)


@pytest.mark.parametrize("silent", ["_dmarc.news.mail.example", "_dmarc.shop.mail.example"])
def test_an_end_of_a_walk_that_is_not_known_is_no_end(silent: str) -> None:
    # the record at mail.example was heard; one at the silent name could have made that an organization of its own
    texts = {"_dmarc.mail.example": "v=DMARC1; p=reject", "s1._domainkey.news.mail.example": RSA.record}
    author = From(("shop.mail.example",))

    heard = authenticated(SIGNED_BELOW, World(texts), author=author)
    unheard = authenticated(SIGNED_BELOW, World(texts, failing=(silent,)), author=author)

    assert (heard.dkim[0].aligned, unheard.dkim[0].aligned) == (True, None)
    assert unheard.dmarc[0].verdict in {DmarcVerdict.TEMPERROR, DmarcVerdict.UNKNOWN}
    assert unheard.dmarc[0].lacks == "answer"


def test_several_authors_are_judged_one_by_one() -> None:
    author = From(("mail.example", "esp.example"))
    found = look(SIGNED, world(more='_dmarc.esp.example. TXT "v=DMARC1; p=none"\n'), STRANGER, author=author)

    assert [(one.domain, one.verdict) for one in found.dmarc] == [
        ("mail.example", DmarcVerdict.PASS),
        ("esp.example", DmarcVerdict.FAIL),
    ]


def test_authors_are_bounded() -> None:
    author = From(tuple(f"d{n}.example" for n in range(200)))

    assert len(look(SIGNED, world(), STRANGER, author=author).dmarc) == 10


@pytest.mark.parametrize("domains", [(), ("",), ("no domain",), ("localhost",), ("x" * 300 + ".example",)])
def test_no_author_is_an_exception(domains: tuple[str, ...]) -> None:
    assert look(SIGNED, world(), GIVEN, author=From(domains)).dmarc == ()


def test_a_replay_asks_what_was_asked() -> None:
    recording, live = RecordingResolver(world()), LiveVerifier(SIGNED)
    found = authenticated(SIGNED, recording, connection=GIVEN, verifier=live)

    again = authenticated(
        b"", ReplayResolver(recording.answers), connection=GIVEN, verifier=RememberedVerifier(live.kept())
    )

    assert again == found
