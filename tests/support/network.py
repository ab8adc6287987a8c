"""No test talks to anybody outside this machine.

An audit hook sees every connection, datagram and name look-up of this process, also those made from C. It refuses what
is not loopback and remembers the attempt, so that code under test which swallows the refusal does not hide it.
"""

from __future__ import annotations

import ipaddress
import sys

ATTEMPTS: list[str] = []
"""What was tried since the list was last cleared, in words."""

_DESTINATION = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKUP = {"socket.getaddrinfo", "socket.gethostbyname"}


def install() -> None:
    """Watch this process from now on; an audit hook cannot be taken away again."""
    sys.addaudithook(_watch)


def _watch(event: str, args: tuple[object, ...]) -> None:
    if event in _DESTINATION:
        host = args[1][0] if isinstance(args[1], tuple) else None  # a Unix socket's address is a path: local
        local = host is None or _is_loopback(host)
    elif event in _LOOKUP:
        host = args[0]
        local = host in {None, "", "localhost"} or _address(host) is not None  # a written-out address asks nobody
    else:
        return
    if not local:
        ATTEMPTS.append(f"{event} {host}")
        raise PermissionError(f"a test may not leave this machine: {event} {host}")


def _is_loopback(host: object) -> bool:
    address = _address(host)
    return host in {"", "localhost"} or (address is not None and address.is_loopback)


def _address(host: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
