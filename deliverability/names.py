"""Domain names as people write them, and the one list of public suffixes."""

from __future__ import annotations

import hashlib
import ipaddress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.lookup.answer import canonical_name
from deliverability.text import visible

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


class InvalidDomain(ValueError):
    """What was given is not a domain name; the message says why in one line."""


_LOOKALIKES = {"/": "a URL? give its host name alone", "@": "an e-mail address? give what follows the @"}
"""What people paste where a domain name belongs, by the character that gives it away."""


def to_ascii(domain: str) -> str:
    """`domain` in A-labels, lower case, without the final dot. U-labels and A-labels are both welcome.

    Raises InvalidDomain. Letters, digits, hyphens and underscores only: RFC 5891 §4 for U-labels.
    """
    for mark, hint in _LOOKALIKES.items():
        if mark in domain:
            raise InvalidDomain(f"not a domain name: {visible(domain)[:80]!r} ({hint})")
    try:
        name = canonical_name(domain if domain.isascii() else _idna(domain))
    except ValueError as error:
        raise InvalidDomain(f"not a domain name: {visible(domain)[:80]!r} ({visible(str(error))[:120]})") from None
    labels = name.split(".")
    if not name or len(labels) < 2:
        raise InvalidDomain(f"not a domain name: {visible(domain)[:80]!r} (it needs at least two labels)")
    for label in labels:
        if not _is_label(label):
            raise InvalidDomain(f"not a domain name: {visible(domain)[:80]!r} (bad label {visible(label)!r})")
    if labels[-1].isdigit():
        raise InvalidDomain(f"not a domain name: {visible(domain)[:80]!r} (an IP address has no mail records)")
    return name


def domain_name(text: str) -> str | None:
    """As `to_ascii`; None for what is no domain name."""
    try:
        return to_ascii(text)
    except InvalidDomain:
        return None


def helo_name(text: str) -> str:
    """What a server says in HELO: a host name, one label too, or an address in brackets. Raises ValueError."""
    try:
        if text.startswith("[") and text.endswith("]"):
            ipaddress.ip_address(text[1:-1].lower().removeprefix("ipv6:"))  # RFC 5321 §4.1.3
            return text
        name = canonical_name(text if text.isascii() else _idna(text))
    except ValueError:
        name = ""
    if not name or not all(map(_is_label, name.split("."))):
        raise ValueError(f"not a HELO name: {visible(text)[:80]!r}")
    return name


def ip_address(text: str) -> str:
    """An IP address as it is written. Raises ValueError."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"not an IP address: {visible(text)[:80]!r}") from None


def selector_name(text: str) -> str:
    """A DKIM selector (RFC 6376 §3.1) in lower case. Raises ValueError."""
    labels = text.lower().removesuffix(".").split(".")
    if not all(0 < len(x) <= 63 and x.isascii() and all(c.isalnum() or c in "-_" for c in x) for x in labels):
        raise ValueError(f"not a DKIM selector: {visible(text)[:80]!r}")
    return ".".join(labels)


def _is_label(label: str) -> bool:
    return all(c.isalnum() or c in "-_" for c in label) and label[0] != "-" and label[-1] != "-"


def to_unicode(name: str) -> str:
    """`name` with its A-labels shown as U-labels where they decode; otherwise unchanged."""
    if "xn--" not in name:
        return name
    import idna  # noqa: PLC0415 - 10 ms that only internationalised names need

    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def registrable(name: str) -> str | None:
    """The registrable domain of `name` by the Public Suffix List, both sections; None for a public suffix itself."""
    bare = name.removesuffix(".").lower()
    found: str | None = _suffixes_under(bare.rpartition(".")[2]).privatesuffix(bare)
    return found


def has_known_suffix(name: str) -> bool:
    """Whether the Public Suffix List has a rule for the last label of `name` (A-labels): `node.js` is no domain."""
    tld = name.removesuffix(".").rpartition(".")[2].lower()
    known = _known_tlds()
    return any(form.encode() in known for form in {tld, to_unicode(tld)})


@lru_cache(maxsize=64)
def _suffixes_under(tld: str) -> PublicSuffixList:
    """The rules that can match a name under `tld`: the library takes 60 ms to read all of them, and 1 for these."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 10 ms, spent while packets are on their way

    rules = [rule for form in {tld, to_unicode(tld)} for rule in _rules_under(form.encode())]
    # a rule in ASCII has no other form, and to look for one takes most of the time of .com
    return PublicSuffixList(rules, accept_encoded_idn=not all(map(bytes.isascii, rules)))


def _rules_under(tld: bytes) -> list[bytes]:
    """The rules that end in `tld`, cut out where they stand: to go through all lines takes twenty times as long."""
    rules, end = _suffix_rules(), b"." + tld
    stems = [before.rpartition(b"\n")[2] for before in rules.split(end + b"\n")[:-1]]
    found = [stem + end for stem in stems if not stem.startswith(b"//")]
    return [tld, *found] if tld and b"\n" + tld + b"\n" in rules else found


@lru_cache(maxsize=1)
def _known_tlds() -> frozenset[bytes]:
    lines = _suffix_rules().splitlines()
    return frozenset(line.rpartition(b".")[2] for line in lines if line and not line.startswith(b"//"))


@lru_cache(maxsize=1)
def _suffix_rules() -> bytes:
    """The list as it is published: a rule a line, and comments."""
    import publicsuffixlist  # noqa: PLC0415 - as above

    return Path(publicsuffixlist.PSLFILE).read_bytes()


def probe_label(domain: str) -> str:
    """A label that nobody publishes, the same for every audit of `domain`: it shows whether a wildcard answers."""
    return "deliv-" + hashlib.sha256(domain.encode()).hexdigest()[:16]


def _idna(domain: str) -> str:
    import idna  # noqa: PLC0415 - see to_unicode

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None
