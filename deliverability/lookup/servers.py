"""What people write for a DNS server, and what the system uses."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Literal

from deliverability.fastclass import dataclass

RESOLV_CONF = "/etc/resolv.conf"
MAX_RESOLV_CONF = 65536
"""Characters; our own bound."""
DNS_PORT = 53
"""RFC 1035 §4.2."""
DOT_PORT = 853
"""RFC 7858 §3.1."""
_FORMS = 'write "192.0.2.1", "127.0.0.1:5353", "[::1]:53", "tls://HOST" or "https://HOST/dns-query"'


@dataclass(frozen=True, slots=True)
class Server:
    """One DNS server. `text` is how it was written; `hostname` the name its certificate has to bear (tls only)."""

    text: str
    transport: Literal["udp", "tls", "https"]
    host: str = ""
    port: int = DNS_PORT
    hostname: str = ""


def parse_server(text: str) -> Server:
    """Read one server; ValueError with one sentence otherwise.

    `192.0.2.1`, `127.0.0.1:5353`, `::1`, `[::1]:53`, `tls://HOST[:PORT][#CERTIFICATE-NAME]`, `https://HOST[:PORT]/PATH`.
    """
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "https":
        return _https(text)
    if separator and scheme == "tls":
        where, _, hostname = rest.partition("#")
        host, port = _host_and_port(where.removesuffix("/"), DOT_PORT, text)
        if not host or any(char in host for char in "/@? \t"):
            raise _unreadable(text)
        return Server(text, "tls", host, port, hostname or host)
    host, port = _host_and_port(text, DNS_PORT, text)
    if not is_address(host):
        raise _unreadable(text)
    return Server(text, "udp", host, port)


def parse_servers(servers: Sequence[str] | None) -> tuple[Server, ...]:
    """The servers given, or the system's where None; ValueError for one that cannot be read, or for none at all."""
    if servers is None:
        return system_servers()
    if isinstance(servers, str) or not servers:
        raise ValueError("servers is a list of at least one DNS server")
    return tuple(parse_server(text) for text in servers)


def system_servers(path: str = RESOLV_CONF) -> tuple[Server, ...]:
    """The `nameserver` lines of resolv.conf(5); ValueError where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is 5 ms of start-up
            lines = file.read(MAX_RESOLV_CONF).splitlines()
    except OSError as error:
        raise ValueError(f"no system resolver: {path}: {error.strerror}; name a DNS server") from None
    words = [line.split() for line in lines]
    addresses = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver" and is_address(line[1])]
    if not addresses:
        raise ValueError(f"no system resolver: {path} names no nameserver; name a DNS server")
    return tuple(Server(address, "udp", address) for address in addresses)


def is_address(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 address, an IPv6 one with or without a zone (`fe80::1%eth0`)."""
    for family, bare in ((socket.AF_INET, host), (socket.AF_INET6, host.partition("%")[0])):
        try:
            socket.inet_pton(family, bare)
        except (OSError, ValueError):
            continue
        return True
    return False


def _https(text: str) -> Server:
    from importlib.util import find_spec  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _unreadable(text) from None
    if not parts.hostname or port == 0 or any(char.isspace() or not char.isprintable() for char in text):
        raise _unreadable(text)
    if find_spec("httpx") is None or find_spec("h2") is None:
        raise ValueError("DNS over HTTPS needs the extra deliv[doh]: pip install 'deliv[doh]'")
    return Server(text, "https", parts.hostname, port or 443)


def _host_and_port(where: str, default: int, text: str) -> tuple[str, int]:
    if where.startswith("["):
        host, bracket, rest = where[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or not is_address(host) or ":" not in host:
            raise _unreadable(text)
        port = rest[1:] if rest else None
    elif where.count(":") == 1:
        host, _, port = where.partition(":")
    else:
        host, port = where, None
    if port is None:
        return host, default
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise _unreadable(text)
    return host, int(port)


def _unreadable(text: str) -> ValueError:
    return ValueError(f"not a DNS server: {text[:80]!r}; {_FORMS}")
