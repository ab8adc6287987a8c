"""Record type names and numbers, without loading dnspython for those that an audit asks."""

from __future__ import annotations

TYPE_NUMBERS = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AAAA": 28,
    "SRV": 33, "NAPTR": 35, "DNAME": 39, "OPT": 41, "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48,
    "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "CDS": 59, "CDNSKEY": 60, "OPENPGPKEY": 61, "SVCB": 64,
    "HTTPS": 65, "SPF": 99, "ANY": 255, "CAA": 257,
}  # fmt: skip
"""IANA, "Resource Record (RR) TYPEs"."""
TYPE_NAMES = {number: name for name, number in TYPE_NUMBERS.items()}
TEXT_TYPES = frozenset({"TXT", "SPF"})
"""RFC 7208 §3.1: type SPF (99) has the format of TXT."""


def type_number(rdtype: str) -> int:
    """The number of a type name in capitals, `TYPE65280` (RFC 3597 §5) included; ValueError for an unknown one."""
    number = TYPE_NUMBERS.get(rdtype)
    if number is not None:
        return number
    import dns.exception  # noqa: PLC0415
    import dns.rdatatype  # noqa: PLC0415

    try:
        return int(dns.rdatatype.from_text(rdtype))
    except (dns.exception.DNSException, ValueError):
        raise ValueError(f"unknown record type: {rdtype[:40]!r}") from None


def type_name(number: int) -> str:
    """The name of a type number, as dnspython writes it."""
    name = TYPE_NAMES.get(number)
    if name is not None:
        return name
    import dns.rdatatype  # noqa: PLC0415

    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))


def canonical_type(rdtype: str) -> str:
    """The one spelling of a type: `txt` and `TYPE16` are `TXT`; ValueError for an unknown one."""
    if rdtype in TYPE_NUMBERS:
        return rdtype
    return type_name(type_number(rdtype.upper()))
