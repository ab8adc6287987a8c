"""The addresses in a cell that is none itself: with a name around them, `mailto:`, or several of them.

A list is judged strictly, since what is no address there bounces. Whom it must not hold is looked for generously: a
cell that is read too strictly is a person who said no and gets the mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deliverability.recipients.addresses import Address, Addresses

EVERYBODY = "*"
"""The local part that stands for all of a domain; RFC 5322 §3.2.3 allows it as one, and nobody has it."""
_BETWEEN = re.compile(r"""[\s<>()\[\],;:"|]+""")
"""What parts addresses in a cell, and sets them off from names."""
_SPACED = re.compile(r"""((?:^|(?<=[\s<>()\[\],;:"|]))[^\s<>()\[\],;:"|@]+)\s*@\s*""")
"""A local part, and the sign with the space around it."""


def addresses_in(cell: str, addresses: Addresses) -> Iterator[Address]:
    """Each address in a cell; of `@domain` and `*@domain`, which mean all in it, the local part is `EVERYBODY`."""
    # RFC 5322 §3.4.1, §3.2.3: space may stand on both sides of the sign; `kim @gmail.com` is not all of gmail.com
    for word in _BETWEEN.split(_SPACED.sub(r"\1@", cell)):
        local, sign, domain = word.strip("'.").rpartition("@")
        if not sign:
            continue
        found = addresses.read(f"{local or EVERYBODY}@{domain}")
        if not isinstance(found, str):
            yield found


def everybody_at(address: Address) -> str:
    """The key of all addresses in the domain of this one, as `addresses_in` reads it."""
    return f"{EVERYBODY}@{address.key.rpartition('@')[2]}"
