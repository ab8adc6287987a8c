"""DKIM: each way in which a signature holds, breaks or cannot be judged, by messages that are signed on the spot."""

from __future__ import annotations

import base64
import json
import socket
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.events.plain import from_plain, to_plain
from deliverability.mail.authenticate import Kept, LiveVerifier, RememberedVerifier
from deliverability.mail.authenticate.facts import SignatureResult
from deliverability.mail.authenticate.judge import CLOCK_SLACK
from deliverability.mail.authenticate.split import MAX_HEADER_OCTETS
from deliverability.mail.authenticate.states import State
from support.authentication import NOW, RSA_NAME, World, authenticated
from support.signing import Signer, dkim_signed, ed25519_signer, message, rsa_signer, spki

dkim: Any = import_module("dkim")  # it has no types
RSA = rsa_signer()
HOW = [f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed")]
ODD_BODY = b" a  b \r\n\tc\t\t\r\n\r\n\r\n"


def judged(raw: bytes, record: str | tuple[str, ...] = RSA.record, **more: Any) -> SignatureResult:
    return authenticated(raw, World({RSA_NAME: record}), **more).dkim[0]


# what holds


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("signer", [RSA, ed25519_signer()], ids=["rsa", "ed25519"])
def test_a_signature_holds_by_every_canonicalization(how: str, signer: Signer) -> None:
    raw = dkim_signed(message("X-Odd:  two   words \r\n\tfolded", body=ODD_BODY), signer, canonicalization=how)

    one = judged(raw, signer.record)

    assert one.state is State.PASS
    assert one.aligned is one.strictly_aligned is True


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("body", [b"", b"\r\n", b" \r\n", b"\r\n\r\n", b"x", b"x \r\n\r\n", b"\tx", b"x \t"], ids=repr)
def test_any_body_is_hashed_as_the_signer_hashes_it(how: str, body: bytes) -> None:
    assert judged(dkim_signed(message(body=body), RSA, canonicalization=how)).state is State.PASS


def test_line_ends_of_a_stored_message_do_not_matter() -> None:
    raw = dkim_signed(message(), RSA).replace(b"\r\n", b"\n")

    assert judged(raw).state is State.PASS
    assert judged(b"From news@mail.example Fri Nov 20 09:00:00 2026\n" + raw).state is State.PASS


RFC_MESSAGE = """From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
RFC_8463 = """DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
"""
RFC_8463_KEYS = {
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": "v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/by"
    "YzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w"
    "3QIDAQAB",
}
RFC_6376 = """DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
"""
RFC_6376_KEY = (
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b"
    "4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ"
    "2QIDAQAB"
)


def test_the_message_of_rfc_8463_appendix_a() -> None:
    found = authenticated((RFC_8463 + RFC_MESSAGE).encode(), World(RFC_8463_KEYS))

    assert [(one.signature.algorithm, one.state) for one in found.dkim] == [
        ("ed25519-sha256", State.PASS),
        ("rsa-sha256", State.PASS),
    ]


def test_the_message_of_rfc_6376_appendix_a() -> None:
    raw = (RFC_6376 + RFC_MESSAGE.replace("game.  Are", "game. Are")).encode()
    found = authenticated(raw, World({"brisbane._domainkey.example.com": RFC_6376_KEY}))

    assert found.dkim[0].state is State.PASS
    assert found.dkim[0].signature.identity_domain == "football.example.com"
    assert "joe" not in found.dkim[0].signature.text


# what breaks


def _changed(old: bytes, new: bytes) -> bytes:
    return dkim_signed(message(), RSA).replace(old, new)


def _tagged(**tags: str) -> bytes:
    return dkim_signed(message(), RSA, tags=tags.items())


def _without_signature() -> bytes:
    raw = dkim_signed(message(), RSA)
    field = raw[: raw.index(b"\r\nFrom:")]
    return raw.replace(field, field[: field.rindex(b"b=") + 2])


BROKEN: dict[str, tuple[bytes, str | tuple[str, ...], State]] = {
    "the body was changed": (_changed(b"morning", b"evening"), RSA.record, State.BODY_CHANGED),
    "a signed field was changed": (_changed(b"The week", b"The year"), RSA.record, State.SIGNATURE_WRONG),
    "another key": (dkim_signed(message(), RSA), rsa_signer(1025).record, State.SIGNATURE_WRONG),
    "revoked": (dkim_signed(message(), RSA), "v=DKIM1; k=rsa; p=", State.KEY_REVOKED),
    "no key in it": (dkim_signed(message(), RSA), "v=DKIM1; k=rsa; p=AAAA", State.KEY_SYNTAX),
    "not base64": (dkim_signed(message(), RSA), RSA.record + "\xa0\u201d", State.KEY_SYNTAX),
    "no key record": (dkim_signed(message(), RSA), "hello", State.KEY_SYNTAX),
    "two keys": (dkim_signed(message(), RSA), (RSA.record, ed25519_signer().record), State.SEVERAL_KEYS),
    "of another type": (dkim_signed(message(), RSA), ed25519_signer().record, State.KEY_UNFIT),
    "for SHA-1 alone": (dkim_signed(message(), RSA), RSA.record + "; h=sha1", State.KEY_UNFIT),
    "for another service": (dkim_signed(message(), RSA), RSA.record + "; s=tlsrpt", State.KEY_UNFIT),
    "for the domain alone": (_tagged(i="@sub.mail.example"), RSA.record + "; t=s", State.KEY_UNFIT),
    "SHA-1": (
        dkim_signed(message(), rsa_signer(1024, "rsa-sha1")),
        rsa_signer(1024, "rsa-sha1").record,
        State.WEAK_HASH,
    ),
    "no such algorithm": (_tagged(a="rsa-md5"), RSA.record, State.ALGORITHM),
    "From is not signed": (dkim_signed(message(), RSA, signed=("to", "subject")), RSA.record, State.FROM_UNSIGNED),
    "expired": (_tagged(x=str(int(NOW.timestamp()) - 3600)), RSA.record, State.EXPIRED),
    "from the future": (_tagged(t=str(int(NOW.timestamp()) + 3600)), RSA.record, State.FUTURE),
    "expires before it is signed": (_tagged(t="1700000000", x="1600000000"), RSA.record, State.SYNTAX),
    "a tag twice": (_changed(b"; d=mail.example", b"; d=mail.example; d=mail.example"), RSA.record, State.SYNTAX),
    "a tag is missing": (_changed(b"; s=s1", b""), RSA.record, State.SYNTAX),
    "a signature of nothing": (_without_signature(), RSA.record, State.SYNTAX),
    "a hash of nothing": (_tagged(bh=""), RSA.record, State.SYNTAX),
    "no selector": (_tagged(s=""), RSA.record, State.SYNTAX),
    "no fields": (_tagged(h=""), RSA.record, State.SYNTAX),
    "another version": (_tagged(v="2"), RSA.record, State.SYNTAX),
    "no such canonicalization": (_tagged(c="nofws/relaxed"), RSA.record, State.SYNTAX),
    "signed for somebody else": (_tagged(i="@elsewhere.example"), RSA.record, State.SYNTAX),
    "signed for a name that only ends so": (_tagged(i="@notmail.example"), RSA.record, State.SYNTAX),
    "keys by another way": (_tagged(q="http/json"), RSA.record, State.SYNTAX),
    "no domain": (_tagged(d="mail example"), RSA.record, State.SYNTAX),
    "a selector with a slash": (_tagged(s="../s1"), RSA.record, State.SYNTAX),
    "no base64": (_tagged(bh="!!!!"), RSA.record, State.SYNTAX),
    "too short a hash": (_tagged(bh="AAAA"), RSA.record, State.SYNTAX),
    "more octets than there are": (_tagged(l="9999"), RSA.record, State.BODY_CHANGED),
    "a length that is no number": (_tagged(l="-1"), RSA.record, State.SYNTAX),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_signature_breaks(name: str) -> None:
    raw, record, state = BROKEN[name]

    one = judged(raw, record)

    assert one.state is state
    assert not one.valid
    assert not one.state.is_unknown


def test_a_key_that_is_being_tested_counts_and_says_so() -> None:
    # RFC 6376 §3.6.1: verifiers must not treat its messages otherwise
    one = judged(dkim_signed(message(), RSA), f"{RSA.record}; t=y")

    assert (one.state, one.testing) == (State.PASS, True)
    assert not judged(dkim_signed(message(), RSA)).testing


@pytest.mark.parametrize("bits", [512, 768, 1023])
def test_a_key_below_1024_bits_makes_no_signature_valid(bits: int) -> None:
    # RFC 8301 §3.2; made by hand, since libraries no longer make such keys
    modulus = (1 << (bits - 1)) | 1
    one = judged(dkim_signed(message(), RSA), f"v=DKIM1; k=rsa; p={spki(modulus, 65537)}")

    assert (one.state, one.key_bits) == (State.KEY_SHORT, bits)


def test_a_key_that_would_take_long_is_not_tried() -> None:
    huge = judged(dkim_signed(message(), RSA), f"v=DKIM1; k=rsa; p={spki((1 << 16383) | 1, 65537)}")
    slow = judged(dkim_signed(message(), RSA), f"v=DKIM1; k=rsa; p={spki((1 << 2047) | 1, (1 << 2046) | 1)}")

    assert (huge.state, slow.state) == (State.KEY_LARGE, State.KEY_LARGE)
    assert huge.state.is_unknown


def test_an_absent_key_and_one_that_is_not_answered_are_apart() -> None:
    raw = dkim_signed(message(), RSA)

    gone = authenticated(raw, World({})).dkim[0]
    silent = authenticated(raw, World({}, failing=(RSA_NAME,))).dkim[0]

    assert (gone.state, gone.detail) == (State.KEY_MISSING, "nxdomain")
    assert (silent.state, silent.state.is_unknown) == (State.KEY_UNANSWERED, True)


def test_a_signature_is_judged_at_the_time_when_it_arrived() -> None:
    from deliverability.mail.authenticate import Connection

    arrived = NOW.timestamp() - 7200
    raw = _tagged(x=str(int(NOW.timestamp()) - 3600))

    assert judged(raw, connection=Connection(arrived=arrived)).state is State.PASS


# what a valid signature leaves open


def test_what_length_leaves_unsigned_is_counted() -> None:
    signed = dkim_signed(message(body=b"Hello\r\n"), RSA, length=7)

    one = judged(signed + b"Buy now\r\n")

    assert one.state is State.PASS
    assert one.signature.unsigned_octets == len(b"Buy now\r\n")


def test_fields_that_are_not_covered_are_named() -> None:
    raw = dkim_signed(message("Reply-To: x@mail.example"), RSA, signed=("from", "from", "subject"))
    doubled = raw.replace(b"From: News", b"Subject: Another\r\nFrom: News")

    one = judged(doubled).signature

    assert {"reply-to", "date", "to"} <= set(one.unsigned_fields)
    assert "subject" in one.unsigned_fields
    assert "from" not in one.unsigned_fields + one.addable_fields


def test_a_second_from_breaks_a_signature_that_names_one() -> None:
    # RFC 6376 §8.15: what is shown must be what is signed
    raw = dkim_signed(message(), RSA).replace(b"From: News", b"From: Bank <help@bank.example>\r\nFrom: News")

    assert judged(raw).state is State.SIGNATURE_WRONG


# many signatures, and what is bounded


def test_every_signature_is_judged_by_itself() -> None:
    twice = dkim_signed(dkim_signed(message(), RSA), ed25519_signer(), domain="esp.example", selector="e")
    found = authenticated(twice, World({RSA_NAME: RSA.record, "e._domainkey.esp.example": ed25519_signer().record}))

    assert [(one.signature.domain, one.state, one.aligned) for one in found.dkim] == [
        ("esp.example", State.PASS, False),
        ("mail.example", State.PASS, True),
    ]
    assert found.signed_headers() == {"from", "to", "subject", "date"}


def test_signatures_beyond_the_bound_are_counted() -> None:
    raw = b"".join([b"DKIM-Signature: v=1\r\n"] * 25) + message()

    found = authenticated(raw, World({}))

    assert (len(found.dkim), found.left_out) == (10, 15)


@pytest.mark.parametrize(
    "raw",
    [
        b"X: " + b"a" * MAX_HEADER_OCTETS + b"\r\n" + dkim_signed(message(), RSA),
        b"X: y\r\n" * 5000 + dkim_signed(message(), RSA),
    ],
    ids=["a long header", "many fields"],
)
def test_a_header_beyond_the_bound_is_not_judged(raw: bytes) -> None:
    found = authenticated(raw, World({RSA_NAME: RSA.record}))

    assert found.too_large == "header"
    assert not any(one.valid for one in found.dkim)


def _with_white_space(end: bytes) -> bytes:
    """A whole signature whose field goes on for the length that is looked at."""
    field, _, rest = dkim_signed(message(), RSA).partition(b"\r\n")
    return field + end + b"\r\n" + rest


HOSTILE = {
    "white space in the body": (dkim_signed(message(body=b" " * 2_000_000 + b"x\r\n"), RSA), State.PASS),
    "line ends in the body": (dkim_signed(message(body=b"\r\n" * 500_000 + b"x"), RSA), State.PASS),
    "folds in a field": (b"X: y" + b"\r\n " * 100_000 + b"\r\n" + dkim_signed(message(), RSA), State.PASS),
    "names in h=": (dkim_signed(message(), RSA, signed=("from", *(f"x{n}" for n in range(390)))), State.PASS),
    "folds behind b=": (_with_white_space(b"\r\n " * 4_900 + b"; t=1"), State.TOO_LARGE),
    "folds before b=": (_with_white_space(b"; n=x b" + b"\r\n " * 4_900 + b"y"), State.TOO_LARGE),
    "a field of a megabyte": (b"DKIM-Signature: v=1; b=" + b"A" * 400_000 + b"\r\n" + message(), State.TOO_LARGE),
    "names in h= beyond the bound": (dkim_signed(message(), RSA, signed=("from",) * 401), State.TOO_LARGE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_cost_no_more_than_their_length(name: str) -> None:
    """Left to itself, dkimpy takes time by the square of white space: 14 s for 40 kB, 5 s for 15 kB behind b=."""
    raw, state = HOSTILE[name]

    assert [one.state for one in authenticated(raw, World({RSA_NAME: RSA.record})).dkim] == [state]


def test_no_recipient_is_in_what_is_kept() -> None:
    copied = "Cc:ann@inbox.example|To:ann=40inbox.example"  # RFC 6376 §3.5: header fields as they were signed
    raw = dkim_signed(message(), RSA, tags=[("i", "ann=inbox.example@mail.example"), ("z", copied)])
    verifier = LiveVerifier(raw)
    authenticated(raw, World({RSA_NAME: RSA.record}), verifier=verifier)

    kept = json.dumps(to_plain(verifier.kept()))

    assert "ann" not in kept
    assert verifier.kept().verified[0].valid


# replay


def test_a_document_judges_again_without_the_message() -> None:
    raw, world = dkim_signed(message(), RSA), World({RSA_NAME: RSA.record})
    live = LiveVerifier(raw)
    found = authenticated(raw, world, verifier=live)

    kept = from_plain(Kept, json.loads(json.dumps(to_plain(live.kept()))))

    assert authenticated(b"", world, verifier=RememberedVerifier(kept)) == found


def test_a_replay_with_another_key_is_unknown() -> None:
    raw = dkim_signed(message(), RSA)
    live = LiveVerifier(raw)
    authenticated(raw, World({RSA_NAME: RSA.record}), verifier=live)

    other = World({RSA_NAME: rsa_signer(1025).record})
    one = authenticated(b"", other, verifier=RememberedVerifier(live.kept())).dkim[0]

    assert (one.state, one.state.is_unknown) == (State.NOT_KEPT, True)


# held to dkimpy as a whole


def dkimpy_says(raw: bytes, record: str) -> bool:
    try:
        return bool(dkim.verify(raw, dnsfunc=lambda *_, **__: record.encode("latin-1", "replace")))
    except Exception:
        return False


BEYOND_DKIMPY = {
    *(
        "SHA-1",
        "From is not signed",
        "more octets than there are",
        "a selector with a slash",
        "no selector",
        "no domain",
    ),
    *("for SHA-1 alone", "for the domain alone", "not base64"),
    *("expired", "from the future"),
}
"""What dkimpy takes for valid: it leaves RFC 8301 §3.1 and parts of RFC 6376 §3.5, §3.6.1 and §5.4 to its caller, reads
base64 loosely, and has a clock and a slack of its own."""


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - BEYOND_DKIMPY))
def test_dkimpy_does_not_verify_what_is_broken_here(name: str) -> None:
    raw, record, _ = BROKEN[name]
    text = record if isinstance(record, str) else record[1]

    assert not dkimpy_says(raw, text)


@given(
    st.sampled_from(HOW),
    st.lists(
        st.tuples(st.sampled_from(["X-A", "Subject", "From", "to"]), st.text(" \tab:;=", max_size=12)), max_size=4
    ),
    st.binary(max_size=40).map(lambda body: body.replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n"),
    st.booleans(),
)
@settings(max_examples=40)
def test_dkimpy_agrees_on_what_is_signed(how: str, extra: Any, body: bytes, ed: bool) -> None:
    signer = ed25519_signer() if ed else RSA
    raw = message(*(f"{name}: x{value}" for name, value in extra), body=body)
    names = [b"from", b"from", b"subject", b"x-a", b"to"]
    private = (
        base64.b64encode(signer.private.private_bytes_raw()) if ed else _pem(signer)  # type: ignore[union-attr]
    )
    field = dkim.sign(
        raw,
        b"s1",
        b"mail.example",
        private,
        canonicalize=tuple(part.encode() for part in how.split("/")),
        include_headers=names,
        signature_algorithm=signer.algorithm.encode(),
    )
    verifier = LiveVerifier(field + raw)

    assert verifier.mail.signatures[0].fault == ""
    assert (verifier.mail.signatures[0].body_matches and verifier.verify(0, signer.record)) is dkimpy_says(
        field + raw, signer.record
    )


def _pem(signer: Signer) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return signer.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(max_examples=50)
def test_no_message_and_no_key_is_an_exception(value: bytes, record: bytes) -> None:
    raw = b"DKIM-Signature: " + value + b"\r\n" + message()
    verifier = LiveVerifier(raw)
    for one in verifier.mail.signatures:
        verifier.verify(one.index, record.decode("latin-1"))
    authenticated(raw, World({RSA_NAME: record.decode("latin-1")}))


@given(st.binary(max_size=60), st.integers(0, 8))
@settings(max_examples=50)
def test_any_damage_to_a_signed_message_is_no_exception(noise: bytes, at: int) -> None:
    raw = dkim_signed(message(), RSA)
    place = len(raw) * at // 8
    damaged = raw[:place] + noise + raw[place:]

    for one in authenticated(damaged, World({RSA_NAME: RSA.record})).dkim:
        assert one.state is not State.PASS or not noise.strip() or place >= len(raw) - 2 or _harmless(raw, damaged)


def _harmless(raw: bytes, damaged: bytes) -> bool:
    """dkimpy, too, takes it for intact: a field was added that nobody signed."""
    return dkimpy_says(damaged, RSA.record) or raw in damaged


def test_dkimpy_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    verifier = LiveVerifier(dkim_signed(message(), RSA))

    assert verifier.verify(0, RSA.record) is True


def test_a_signature_that_names_signatures_in_h_does_not_mean_itself() -> None:
    names = ("from", "to", "subject", "date", "dkim-signature", "dkim-signature")
    below = dkim_signed(message(), rsa_signer(), domain="first.example")

    found = authenticated(dkim_signed(below, RSA, signed=names), World({RSA_NAME: RSA.record})).dkim

    assert found[0].state is State.PASS


@pytest.mark.parametrize(
    ("tag", "seconds", "state"),
    [
        ("t", CLOCK_SLACK, State.PASS),
        ("t", CLOCK_SLACK + 1, State.FUTURE),
        ("x", -CLOCK_SLACK, State.PASS),
        ("x", -CLOCK_SLACK - 1, State.EXPIRED),
    ],
)
def test_clocks_may_differ_by_so_much(tag: str, seconds: int, state: State) -> None:
    raw = dkim_signed(message(), RSA, tags=[(tag, str(int(NOW.timestamp()) + seconds))])

    assert judged(raw).state is state
