"""The body as its signature hashes it (RFC 6376 §3.4.3, §3.4.4), in time that grows with its length alone."""

from __future__ import annotations

import hashlib


def canonical_body(body: bytes, method: str) -> bytes:
    """`body` (CRLF line ends) by the method `simple` or `relaxed`."""
    if method == "relaxed":
        # RFC 6376 §3.4.4: runs of white space are one space, none stands at the end of a line
        body = body.replace(b"\t", b" ")
        while b"  " in body:  # each round halves every run
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    return _without_last_lines(body, b"" if method == "relaxed" else b"\r\n")


def _without_last_lines(body: bytes, empty: bytes) -> bytes:
    """RFC 6376 §3.4.3: empty lines at the end are ignored, and the last line has an end."""
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else empty


def body_hash(canonical: bytes, algorithm: str, length: int | None) -> bytes:
    """The hash of the first `length` octets of a canonical body; all of them for None."""
    # RFC 6376 §3.7: l= counts octets of the body after canonicalization
    part = canonical if length is None else memoryview(canonical)[:length]
    return hashlib.new(algorithm, part, usedforsecurity=False).digest()
