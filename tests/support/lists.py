"""Lists of recipients as tests write and read them, in the folder where a test runs."""

from __future__ import annotations

from collections.abc import Iterable
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
