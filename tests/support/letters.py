"""Letters of a made-up sender, signed as its DNS says, and the zone in which that stands."""

from __future__ import annotations

from pathlib import Path

from support import signing

DOMAIN = "weinhandel.example"
SELECTOR = "s2026"
SENDER = "192.0.2.25"
SECRET = "given.name"
"""The local part of the recipient: it may stand in no output."""
RECIPIENT = f"{SECRET}@reader.example"


SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"),
)
"""The header fields that the signature of a letter covers."""


def signer() -> signing.Signer:
    """The sender's key; made once in a run, since making one takes long."""
    return signing.rsa_signer(2048)


def zone(path: Path, *, spf: str = f"v=spf1 ip4:{SENDER} ip4:127.0.0.1 -all") -> Path:
    """The sender's zone, written to `path`."""
    path.write_text(
        f"$ORIGIN {DOMAIN}.\n$TTL 300\n"
        "@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"
        f'@ IN MX 10 mx\nmx IN A 192.0.2.26\n@ IN TXT "{spf}"\n'
        '_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@weinhandel.example"\n'
        f"{SELECTOR}._domainkey IN TXT {key_record()}\n"
        f"mail IN A {SENDER}\nwww IN A 192.0.2.80\n"
    )
    return path


def key_record() -> str:
    """The public key as a zone file has it, in strings."""
    record = signer().record
    return " ".join(f'"{part}"' for part in (record[:200], record[200:]))


def letter(
    number: int = 1, *, sender: str = f"news@{DOMAIN}", domain: str = DOMAIN, body: str = "", extra: str = ""
) -> bytes:
    """A letter that has all that receivers ask for, not signed."""
    text = body or f"Good day,\n\nthe wines of week {number} are here: https://www.{domain}/wines\n\nThe wine shop\n"
    html = "".join(f"<p>{line}</p>" for line in text.splitlines() if line)
    html += f'<p><a href="https://www.{domain}/leave">Unsubscribe</a></p>'
    return (
        (
            f"From: The Wine Shop <{sender}>\nTo: {RECIPIENT}\nSubject: Wines of week {number}\n"
            f"Date: Sun, 22 Nov 2026 08:00:00 +0000\nMessage-ID: <{number}.letter@{domain}>\n{extra}"
            f"List-Unsubscribe: <https://www.{domain}/u/{number}>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
            f"List-ID: Wines <wines.{domain}>\nFeedback-ID: week{number}:wines:letter:wineshop\nMIME-Version: 1.0\n"
            'Content-Type: multipart/alternative; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\nUnsubscribe: https://www.{domain}/leave\n"
            f"--b\nContent-Type: text/html; charset=utf-8\n\n<html><body>{html}</body></html>\n--b--\n"
        )
        .encode()
        .replace(b"\n", b"\r\n")
    )


def signed(raw: bytes, *, domain: str = DOMAIN, selector: str = SELECTOR) -> bytes:
    """`raw` with a DKIM signature over all that matters."""
    return signing.dkim_signed(raw, signer(), domain=domain, selector=selector, signed=SIGNED)
