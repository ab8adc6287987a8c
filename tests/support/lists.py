"""Lists of recipients as tests write and read them, in the folder where a test runs."""

from __future__ import annotations

import resource
import signal
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from deliverability.lists.read import Wanted, recipients
from deliverability.recipients.facts import RecipientsFacts
from support.sending import put

ZONE = """
$ORIGIN example.com.
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ MX 10 mail
null MX 0 .
"""


def read(text: str, **wanted: Any) -> RecipientsFacts:
    """What a list adds up to."""
    return recipients([put("list.csv", text.encode())], Wanted(**wanted))


def emails(addresses: Iterable[str]) -> str:
    """A list of one column."""
    return "email\n" + "".join(f"{address}\n" for address in addresses)


@contextmanager
def small_disk(octets: int) -> Generator[None]:
    """A limit to the size of a file, in octets, stands for a disk that fills up."""
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handled)
