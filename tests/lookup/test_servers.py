"""What may be written for a DNS server."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import LiveResolver
from deliverability.lookup.servers import Server, parse_server, parse_servers, system_servers


@pytest.mark.parametrize(
    ("text", "transport", "host", "port", "hostname"),
    [
        ("192.0.2.1", "udp", "192.0.2.1", 53, ""),
        ("127.0.0.1:5353", "udp", "127.0.0.1", 5353, ""),
        ("::1", "udp", "::1", 53, ""),
        ("[::1]", "udp", "::1", 53, ""),
        ("[::1]:5353", "udp", "::1", 5353, ""),
        ("fe80::1%eth0", "udp", "fe80::1%eth0", 53, ""),
        ("tls://192.0.2.1", "tls", "192.0.2.1", 853, "192.0.2.1"),
        ("tls://dns.example.test", "tls", "dns.example.test", 853, "dns.example.test"),
        ("tls://192.0.2.1:8853#dns.example.test", "tls", "192.0.2.1", 8853, "dns.example.test"),
        ("tls://[2001:db8::1]:853/#dns.example.test", "tls", "2001:db8::1", 853, "dns.example.test"),
        ("https://dns.example.test/dns-query", "https", "dns.example.test", 443, ""),
        ("https://192.0.2.1:8443/q", "https", "192.0.2.1", 8443, ""),
    ],
)
def test_every_form_is_read(text: str, transport: str, host: str, port: int, hostname: str) -> None:
    server = parse_server(text)

    assert (server.text, server.transport, server.host, server.port, server.hostname) == (
        text,
        transport,
        host,
        port,
        hostname,
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "resolver", "dns.example.test", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:\u0661", "[::1",
        "[::1]x",
        "[192.0.2.1]:53", "::1:zz", "udp://192.0.2.1", "tls://", "tls://a b", "tls://a:x", "https://", "https://[::1/q",
        "https://a:x/", "https://a/ b", "http://a/", "192.0.2.1 ", "a\0b",
    ],
)  # fmt: skip
def test_anything_else_is_one_clear_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a DNS server: .*; write ") as caught:
        LiveResolver([text])

    assert "\n" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_server_or_a_value_error(text: str) -> None:
    try:
        server = parse_server(text)
    except ValueError as error:
        assert "not a DNS server" in str(error)  # noqa: PT017
    else:
        assert server.text == text


def test_a_list_of_none_is_no_list() -> None:
    no_list: list[str] | str
    for no_list in ([], "192.0.2.1"):
        with pytest.raises(ValueError, match="at least one"):
            parse_servers(no_list)


def test_https_names_the_extra_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(ValueError, match=r"deliv\[doh\]"):
        parse_server("https://dns.example.test/dns-query")


def test_the_system_s_servers_are_those_of_resolv_conf(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# comment\nnameserver 192.0.2.1\nsearch example.test\nnameserver fe80::1%eth0\nnameserver x\nnameserver\n"
    )

    assert system_servers(str(path)) == (
        Server("192.0.2.1", "udp", "192.0.2.1"),
        Server("fe80::1%eth0", "udp", "fe80::1%eth0"),
    )


def test_a_system_without_a_resolver_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "resolv.conf"

    with pytest.raises(ValueError, match=r"no system resolver: .*No such file"):
        system_servers(str(path))
    path.write_text("")
    with pytest.raises(ValueError, match="names no nameserver; name a DNS server"):
        system_servers(str(path))
    path.write_text("nameserver 192.0.2.1\n")
    monkeypatch.setattr("deliverability.lookup.servers.system_servers.__defaults__", (str(path),))
    assert [server.host for server in LiveResolver().servers] == ["192.0.2.1"]
