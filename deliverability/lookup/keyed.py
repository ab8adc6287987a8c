"""Questions whose names hold a secret: the key goes into the name on its way out and never comes back.

The names of Spamhaus's Data Query Service contain the customer's key. Whatever stands above this resolver, the
recording included, knows a placeholder in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from deliverability.lookup.answer import Answer, Resolver, names_below

ENVIRONMENT = "DELIV_SPAMHAUS_DQS_KEY"
"""The environment variable that holds the key."""
PLACEHOLDER = "deliv-dqs-key"
"""The label that stands for the key in names, in recordings and in documents."""
SERVICE = "dq.spamhaus.net"
"""Below this name alone is the placeholder ever exchanged for the key."""

_KEY = re.compile(r"[a-z0-9]{8,63}")


class KeyedResolver:
    """As `base`; `PLACEHOLDER` in a name below `SERVICE` becomes `key` there, and `PLACEHOLDER` again in the answer."""

    def __init__(self, base: Resolver, key: str) -> None:
        """Raises ValueError, which does not quote it, for what cannot be a key."""
        if not _KEY.fullmatch(key.lower()):
            raise ValueError(f"{ENVIRONMENT} holds no key of Spamhaus's Data Query Service (letters and digits)")
        self._base = base
        self._key = key.lower()
        self._found = re.compile(re.escape(key), re.IGNORECASE)
        self._octets = re.compile(re.escape(key.encode()), re.IGNORECASE)

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As `base`, without the key."""
        if not _is_keyed(name):
            return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
        real = name.lower().replace(f".{PLACEHOLDER}.", f".{self._key}.")
        return self._without_key(await self._base.resolve(real, rdtype, server=server, dnssec=dnssec))

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`."""
        return names_below(self._base, name)

    def _without_key(self, answer: Answer) -> Answer:
        return replace(
            answer,
            name=self._hide(answer.name),
            records=tuple(self._hide(record) for record in answer.records),
            strings=tuple(tuple(self._octets.sub(PLACEHOLDER.encode(), s) for s in row) for row in answer.strings),
            cname_chain=tuple(self._hide(name) for name in answer.cname_chain),
            source=answer.source and self._hide(answer.source),
        )

    def _hide(self, text: str) -> str:
        return self._found.sub(PLACEHOLDER, text)


def keyed(base: Resolver, key: str | None) -> Resolver:
    """`base`, with `key` where there is one."""
    return base if key is None else KeyedResolver(base, key)


def key_from_environment(environ: Mapping[str, str]) -> str | None:
    """The key that `environ` holds; None where there is none."""
    return environ.get(ENVIRONMENT, "").strip() or None


def _is_keyed(name: str) -> bool:
    bare = name.lower().removesuffix(".")
    return f".{PLACEHOLDER}." in bare and bare.endswith(f".{SERVICE}")
