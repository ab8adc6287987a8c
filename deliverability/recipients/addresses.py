"""Is that an address? By email-validator, and by a short cut for the shape that nearly all have.

The short cut takes an ASCII local part of letters, digits and `_ + - .` before a domain that the library has accepted
once; tests hold its every verdict to the library's. All else goes to the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from deliverability.events.providers import provider_of
from deliverability.recipients.reference import Aliasing, aliasings, disposable, roles

MAX_ADDRESS = 254
"""Octets of an address: RFC 5321 §4.5.3.1.3 gives a path 256, its angle brackets included."""
MAX_LOCAL = 64
"""Octets of a local part. RFC 5321 §4.5.3.1.1."""
MAX_TEXT = 1_000
"""Characters above which nothing is looked at; our own bound, well above any address."""
MAX_DOMAINS = 500_000
"""Domains that are held; our own bound: a list of ten million people has some hundred thousand."""

BEYOND = ""
"""The name of the one that stands for all domains beyond that bound; nothing is asked or said of it."""

_COMMON = re.compile(r"([A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*)@([A-Za-z0-9.\-]+)")
"""RFC 5322 §3.2.3 dot-atom, without the characters that few use; the domain is judged by itself."""


class Domain:
    """A domain in the list, and what is known of it. It counts, and so it changes."""

    __slots__ = ("addresses", "aliasing", "disposable", "idn", "mail", "name", "provider")

    def __init__(self, name: str, throwaway: frozenset[str]) -> None:
        self.name = name
        self.addresses = 0
        self.provider = provider_of(name)
        self.disposable = disposable(name, throwaway)
        self.aliasing: Aliasing | None = aliasings().get(name)
        self.idn = "xn--" in name
        self.mail = "unasked"


class Address(NamedTuple):
    """An address: its form by which it is compared, the local part of that, whether it needs SMTPUTF8.

    RFC 5321 §2.4: a receiver may tell the case of a local part apart, and no mailbox provider of the list does; events
    and suppressions are compared without it.
    """

    key: str
    local: str
    domain: Domain
    smtputf8: bool

    @property
    def mailbox(self) -> str | None:
        """The mailbox that it means by its provider's own rules; None where there are none."""
        return self.domain.aliasing.mailbox(self.local) if self.domain.aliasing else None

    @property
    def is_role(self) -> bool:
        """Whether it belongs to a task, and not to a person."""
        return self.local in roles()


class Addresses:
    """Reads addresses, and holds each domain once."""

    def __init__(self, throwaway: frozenset[str], most: int = MAX_DOMAINS) -> None:
        self._throwaway = throwaway
        self._most = most
        self._spelled: dict[str, Domain | str] = {}
        self.domains: dict[str, Domain] = {}
        self._beyond = Domain(BEYOND, frozenset())

    def read(self, text: str) -> Address | str:
        """The address, or in one word why it is none. `text` has no space around it."""
        common = _COMMON.fullmatch(text)
        # RFC 5321 §4.5.3.1: the library measures A-labels in both their forms, so they are its own
        if common is None or len(text) > MAX_ADDRESS or len(common[1]) > MAX_LOCAL or "xn--" in text.lower():
            return self._slowly(text)
        domain = self._spelled.get(common[2]) or self._spell(common[2])
        if isinstance(domain, str):
            return domain
        key = text.lower()
        return Address(key, key[: len(common[1])], domain, False)

    def _spell(self, spelling: str) -> Domain | str:
        """The domain by the library's word on it, which is kept."""
        found = _validated(f"a@{spelling}")
        domain = self._domain(found[1]) if found else _why_not_domain(spelling)
        if len(self._spelled) < 2 * self._most:
            self._spelled[spelling] = domain
        return domain

    def _domain(self, name: str) -> Domain:
        known = self.domains.get(name)
        if known is None:
            if len(self.domains) >= self._most:
                return self._beyond
            known = self.domains[name] = Domain(name, self._throwaway)
        return known

    def _slowly(self, text: str) -> Address | str:
        if len(text) > MAX_TEXT:
            return "too-long"
        found = _validated(text)
        if found is None:
            return _why_not(text)
        local, name, smtputf8 = found
        local = local.lower()
        return Address(f"{local}@{name}", local, self._domain(name), smtputf8)


def _validated(text: str) -> tuple[str, str, bool] | None:
    """(local part, domain in A-labels, whether it needs SMTPUTF8) by email-validator; None where that refuses it."""
    from email_validator import validate_email  # noqa: PLC0415 - 55 ms

    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except ValueError:  # what it says may hold the address
        return None
    return found.local_part, found.ascii_domain.lower(), found.smtputf8


def _why_not(text: str) -> str:
    """In one word what is wrong; the words of the library may hold the address itself."""
    local, sign, domain = text.rpartition("@")
    if not sign:
        return "no-at-sign"
    return next(_faults(text, local, domain), "local-part")


def _faults(text: str, local: str, domain: str) -> Iterator[str]:
    if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text):
        yield "control-character"
    if "<" in text:
        yield "display-name"
    if len(local) > 1 and local[0] == local[-1] == '"':
        yield "quoted"
    if "@" in local and not local.startswith('"'):
        yield "several-addresses"
    if any(c.isspace() for c in text):
        yield "space"
    if _validated(f"a@{domain}") is None:
        yield _why_not_domain(domain)
    if len(local.encode("utf-8", "replace")) > MAX_LOCAL or len(text.encode("utf-8", "replace")) > MAX_ADDRESS:
        yield "too-long"
    if local.startswith('"'):
        yield "quoted"


def _why_not_domain(domain: str) -> str:
    from email_validator import SPECIAL_USE_DOMAIN_NAMES  # noqa: PLC0415 - 55 ms

    name = domain.lower().removesuffix(".")
    # RFC 6761 §6: names that are nobody's
    special = any(name == one or name.endswith("." + one) for one in SPECIAL_USE_DOMAIN_NAMES)
    return "special-use-domain" if special else "domain"
