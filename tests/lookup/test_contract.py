"""Live, zone, overlay, recording and replay say the same of the same world."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from deliverability.lookup import (
    Answer,
    LiveResolver,
    Nameserver,
    OverlayResolver,
    RecordingResolver,
    ReplayResolver,
    Resolver,
    RetryingResolver,
    Status,
    ZoneResolver,
)
from support.nameserver import https_in_front, make_certificate, tls_in_front

BASE = r"""
$ORIGIN example.test.
$TTL 600
@            SOA   ns1 hostmaster 1 7200 900 1209600 120
@            NS    ns1
@            NS    ns2.other.test.
@       300  MX    10 Mx1
@            MX    20 mx2.other.test.
@            TXT   "v=spf1 mx -all"
@            TXT   "google-site-verification=x;y"
ns1          A     192.0.2.53
mx1      60  A     192.0.2.10
mx1          AAAA  2001:db8::10
latin        TXT   "caf\233 \000\255\"\\"
several      TXT   "one " "two" "" "three"
alias    30  CNAME target
target       TXT   "aliased"
long.chain   CNAME alias
nowhere      CNAME absent
outside      CNAME elsewhere.example.
loop         CNAME pool
pool         CNAME loop
deep.empty.inner TXT "below an empty non-terminal"
*.wild   90  TXT   "synthesised"
*.wild       MX    10 mx1
here.wild    A     192.0.2.77
*.walias     CNAME target
spf          SPF   "v=spf1 -all"
odd          CAA   0 issue "ca.example"
srv          SRV   0 5 5061 sip
esc\.aped    TXT   "a dot in a label"
sub          NS    ns.elsewhere.example.
dn           DNAME inner.example.test.
"""
LARGE = "\n".join(f'many TXT "number {n} {"x" * 200}"' for n in range(40))
REVERSE = """
$ORIGIN 2.0.192.in-addr.arpa.
$TTL 3600
@ SOA ns1.example.test. hostmaster.example.test. 1 7200 900 1209600 600
@ NS ns1.example.test.
10 PTR mx1.example.test.
"""
WHOLE = f"{BASE}{LARGE}{REVERSE}"

EXPECTED = {
    ("example.test", "TXT"): (Status.OK, ("google-site-verification=x;y", "v=spf1 mx -all")),
    ("example.test", "MX"): (Status.OK, ("10 Mx1.example.test.", "20 mx2.other.test.")),
    ("example.test", "NS"): (Status.OK, ("ns1.example.test.", "ns2.other.test.")),
    ("example.test", "SOA"): (Status.OK, ("ns1.example.test. hostmaster.example.test. 1 7200 900 1209600 120",)),
    ("mx1.example.test", "A"): (Status.OK, ("192.0.2.10",)),
    ("mx1.example.test", "AAAA"): (Status.OK, ("2001:db8::10",)),
    ("MX1.Example.TEST.", "A"): (Status.OK, ("192.0.2.10",)),
    ("mx1.example.test", "TXT"): (Status.NODATA, ()),
    ("absent.example.test", "TXT"): (Status.NXDOMAIN, ()),
    ("latin.example.test", "TXT"): (Status.OK, ('caf\xe9 \x00\xff"\\',)),
    ("several.example.test", "TXT"): (Status.OK, ("one twothree",)),
    ("alias.example.test", "TXT"): (Status.OK, ("aliased",)),
    ("alias.example.test", "CNAME"): (Status.OK, ("target.example.test.",)),
    ("alias.example.test", "MX"): (Status.NODATA, ()),
    ("long.chain.example.test", "TXT"): (Status.OK, ("aliased",)),
    ("chain.example.test", "TXT"): (Status.NODATA, ()),
    ("nowhere.example.test", "TXT"): (Status.NXDOMAIN, ()),
    ("outside.example.test", "TXT"): (Status.REFUSED, ()),
    ("loop.example.test", "TXT"): (Status.SERVFAIL, ()),
    ("deep.empty.inner.example.test", "TXT"): (Status.OK, ("below an empty non-terminal",)),
    ("empty.inner.example.test", "TXT"): (Status.NODATA, ()),
    ("any.wild.example.test", "TXT"): (Status.OK, ("synthesised",)),
    ("any.where.wild.example.test", "MX"): (Status.OK, ("10 mx1.example.test.",)),
    ("any.wild.example.test", "A"): (Status.NODATA, ()),
    ("here.wild.example.test", "TXT"): (Status.NODATA, ()),
    ("below.here.wild.example.test", "TXT"): (Status.NXDOMAIN, ()),
    ("wild.example.test", "TXT"): (Status.NODATA, ()),
    ("*.wild.example.test", "TXT"): (Status.OK, ("synthesised",)),
    ("any.walias.example.test", "TXT"): (Status.OK, ("aliased",)),
    ("spf.example.test", "SPF"): (Status.OK, ("v=spf1 -all",)),
    ("spf.example.test", "TYPE99"): (Status.OK, ("v=spf1 -all",)),
    ("odd.example.test", "CAA"): (Status.OK, ('0 issue "ca.example"',)),
    ("srv.example.test", "SRV"): (Status.OK, ("0 5 5061 sip.example.test.",)),
    (r"esc\.aped.example.test", "TXT"): (Status.OK, ("a dot in a label",)),
    ("esc.aped.example.test", "TXT"): (Status.NXDOMAIN, ()),
    ("host.sub.example.test", "A"): (Status.REFUSED, ()),
    ("deep.empty.dn.example.test", "TXT"): (Status.OK, ("below an empty non-terminal",)),
    ("10.2.0.192.in-addr.arpa", "PTR"): (Status.OK, ("mx1.example.test.",)),
    ("11.2.0.192.in-addr.arpa", "PTR"): (Status.NXDOMAIN, ()),
    ("elsewhere.example", "TXT"): (Status.REFUSED, ()),
    ("test", "NS"): (Status.REFUSED, ()),
}
"""What RFC 1034 §4.3.2 and RFC 4592 have an authoritative server say."""

QUESTIONS = [*EXPECTED, ("many.example.test", "TXT")]


def split() -> tuple[str, str]:
    """The world as a base and an overlay: every other RRset of the first zone is moved, the apex stays."""
    lines = [line for line in BASE.splitlines() if line]
    fixed = ("*", "dn ", "sub ")  # an overlay is no zone: it neither delegates nor redirects whole subtrees
    moved = [line for n, line in enumerate(lines) if n > 13 and n % 2 and not line.startswith(fixed)]
    kept = [line for line in lines if line not in moved]
    return "\n".join([*kept, LARGE, REVERSE]), "\n".join(["$ORIGIN example.test.", "$TTL 600", *moved])


Backend = Callable[[Path], AbstractAsyncContextManager[Resolver]]


@asynccontextmanager
async def zone(_: Path) -> AsyncGenerator[Resolver]:
    yield ZoneResolver.from_text(WHOLE)


@asynccontextmanager
async def live(_: Path) -> AsyncGenerator[Resolver]:
    async with Nameserver(ZoneResolver.from_text(WHOLE)) as server, LiveResolver([server.address]) as resolver:
        yield resolver


@asynccontextmanager
async def live_over_tls(folder: Path) -> AsyncGenerator[Resolver]:
    with pytest.MonkeyPatch.context() as patch:
        certificate = make_certificate(folder)
        patch.setenv("SSL_CERT_FILE", str(certificate))
        async with (
            Nameserver(ZoneResolver.from_text(WHOLE)) as server,
            tls_in_front(server.address, certificate) as address,
            LiveResolver([f"tls://{address}#dns.example.test"]) as resolver,
        ):
            yield resolver


@asynccontextmanager
async def live_over_https(folder: Path) -> AsyncGenerator[Resolver]:
    with pytest.MonkeyPatch.context() as patch:
        certificate = make_certificate(folder)
        patch.setenv("SSL_CERT_FILE", str(certificate))
        async with (
            Nameserver(ZoneResolver.from_text(WHOLE)) as server,
            https_in_front(server, certificate) as url,
            LiveResolver([url]) as resolver,
        ):
            yield resolver


@asynccontextmanager
async def empty_overlay(_: Path) -> AsyncGenerator[Resolver]:
    yield OverlayResolver(ZoneResolver.from_text(""), ZoneResolver.from_text(WHOLE))


@asynccontextmanager
async def split_overlay(_: Path) -> AsyncGenerator[Resolver]:
    base, over = split()
    yield OverlayResolver(ZoneResolver.from_text(over), ZoneResolver.from_text(base))


@asynccontextmanager
async def recording(_: Path) -> AsyncGenerator[Resolver]:
    yield RecordingResolver(ZoneResolver.from_text(WHOLE))


@asynccontextmanager
async def replay(folder: Path) -> AsyncGenerator[Resolver]:
    async with live(folder) as resolver:
        recorder = RecordingResolver(resolver)
        await asyncio.gather(*(recorder.resolve(name, rdtype) for name, rdtype in QUESTIONS))
    yield ReplayResolver(recorder.answers)


async def at_once(_: float) -> None:
    """A pause that takes no time."""


@asynccontextmanager
async def retrying(_: Path) -> AsyncGenerator[Resolver]:
    yield RetryingResolver(ZoneResolver.from_text(WHOLE), patience=5.0, sleep=at_once, clock=itertools.count().__next__)


BACKENDS: list[Backend] = [
    *(zone, live, live_over_tls, live_over_https),
    *(empty_overlay, split_overlay, recording, replay, retrying),
]


def ask_all(backend: Backend, folder: Path) -> dict[tuple[str, str], Answer]:
    async def ask() -> dict[tuple[str, str], Answer]:
        async with backend(folder) as resolver:
            work: list[Awaitable[Answer]] = [resolver.resolve(name, rdtype) for name, rdtype in QUESTIONS]
            return dict(zip(QUESTIONS, await asyncio.gather(*work), strict=True))

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Answer]:
    return ask_all(zone, tmp_path_factory.mktemp("zone"))


def comparable(answer: Answer) -> dict[str, object]:
    """All that a resolver may not say differently; over what transport it came, it may."""
    return {key: value for key, value in asdict(answer).items() if key not in {"source", "ms", "truncated"}}


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.__name__)
def test_every_resolver_gives_the_same_answers(
    backend: Backend, model: dict[tuple[str, str], Answer], tmp_path: Path
) -> None:
    answers = ask_all(backend, tmp_path)

    for question in QUESTIONS:
        assert comparable(answers[question]) == comparable(model[question]), question


@pytest.mark.parametrize("question", EXPECTED, ids=" ".join)
def test_the_zone_answers_as_an_authoritative_server(
    question: tuple[str, str], model: dict[tuple[str, str], Answer]
) -> None:
    answer = model[question]

    assert (answer.status, answer.records) == EXPECTED[question]


def test_ttls_are_the_least_of_the_chain_and_of_the_soa_for_what_is_not_there(
    model: dict[tuple[str, str], Answer],
) -> None:
    assert model["example.test", "MX"].ttl == 300
    assert model["long.chain.example.test", "TXT"].ttl == 30
    assert model["absent.example.test", "TXT"].ttl == 120
    assert model["alias.example.test", "MX"].ttl == 30
    assert model["loop.example.test", "TXT"].ttl is None


def test_the_chain_ends_in_the_name_that_the_status_speaks_of(model: dict[tuple[str, str], Answer]) -> None:
    assert model["long.chain.example.test", "TXT"].cname_chain == ("alias.example.test", "target.example.test")
    assert model["nowhere.example.test", "TXT"].cname_chain == ("absent.example.test",)
    assert model["loop.example.test", "TXT"].cname_chain == ("pool.example.test", "loop.example.test")


def test_what_does_not_fit_a_datagram_comes_over_tcp(tmp_path: Path) -> None:
    answers = ask_all(live, tmp_path)

    assert answers["many.example.test", "TXT"].truncated
    assert len(answers["many.example.test", "TXT"].records) == 40
    assert not answers["example.test", "TXT"].truncated


def test_strings_are_those_on_the_wire(tmp_path: Path) -> None:
    for backend in BACKENDS:
        answers = ask_all(backend, tmp_path)

        assert answers["several.example.test", "TXT"].strings == ((b"one ", b"two", b"", b"three"),)
        assert answers["latin.example.test", "TXT"].strings == ((b'caf\xe9 \x00\xff"\\',),)
