"""Makes the sample sender's next letter in examples/, as it was before its repair and as it is after.

    python tests/sample_letter.py          makes a key, signs both letters, and puts the key into the CRM's zone

The CRM signs both. Before the repair it used the key at crm1, which it has revoked since, and the letter had no way to
unsubscribe with one click, a name that its template did not fill, and no text beside its HTML. The private key is not
kept: whoever changes a letter makes a new one.
"""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from support.signing import Signer, dkim_signed, rsa_signer

ROOT = Path(__file__).resolve().parent.parent
ZONE = ROOT / "examples/around/crm.example.zone"
DOMAIN = "vinotheque.example"
SIGNED_AT = {"before": 1_788_825_600, "after": 1_794_902_400}
"""2026-09-08 and 2026-11-17, 08:00: the last letter of each side."""
DATES = {"before": "Tue, 08 Sep 2026 08:00:00 +0000", "after": "Tue, 17 Nov 2026 08:00:00 +0000"}
RECEIVED = {
    stage: (
        f"Return-Path: <bounces@{DOMAIN}>\r\n"
        "Received: from relay.crm.example (relay.crm.example [203.0.113.10])\r\n"
        f" by mx.mailbox.example with ESMTPS id {stage}8; {date.replace(':00:00 ', ':00:03 ')}\r\n"
    )
    for stage, date in DATES.items()
}
"""What the shop's own test mailbox wrote above the letter."""
SELECTORS = {"before": "crm1", "after": "crm2"}
SIGNED = (
    *("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "list-id"),
    *("list-unsubscribe", "list-unsubscribe-post", "feedback-id"),
)
UNSUBSCRIBE = "https://www.vinotheque.example/letters/leave?member=7f3a9c51"

TEXT = """\
New bottles for November

Our buyer came back from the Mosel with three Rieslings that we had not seen before. They are on the shelf from today,
and every member may taste them in the shop on Saturday.

The list: https://www.vinotheque.example/letters/november

You get this letter because you asked for it in our shop. Unsubscribe: {unsubscribe}
Vinotheque, Harbour Street 4, Rivertown
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>New bottles for November</title></head>
<body>
<p>{greeting}</p>
<h1>New bottles for November</h1>
<p>Our buyer came back from the Mosel with three Rieslings that we had not seen before. They are on the shelf from
today, and every member may taste them in the shop on Saturday.</p>
<p><a href="{link}">{link_text}</a></p>
<p>You get this letter because you asked for it in our shop.{leave}<br>
Vinotheque, Harbour Street 4, Rivertown</p>
</body>
</html>
"""


def letter(stage: str) -> EmailMessage:
    """The letter of one time, not signed yet."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Vinotheque <letters@{DOMAIN}>"
    message["To"] = "Member of the shop <member@mailbox.example>"
    message["Subject"] = "New bottles for November"
    message["Date"] = DATES[stage]
    message["Message-ID"] = f"<letter-8.7f3a9c51@{DOMAIN}>"
    if stage == "before":
        page = PAGE.format(
            greeting="Dear {{ first_name }},",
            link="http://www.vinotheque.example/letters/november",
            link_text="https://wine.example/november",
            leave="",
        )
        message.set_content(page, subtype="html", cte="quoted-printable")
        return message
    message["List-ID"] = f"Letters of the Vinotheque <letters.{DOMAIN}>"
    message["List-Unsubscribe"] = f"<{UNSUBSCRIBE}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Feedback-ID"] = "letter-8:letters:members:vinotheque"
    message.set_content(TEXT.format(unsubscribe=UNSUBSCRIBE), cte="quoted-printable")
    page = PAGE.format(
        greeting="Dear member,",
        link="https://www.vinotheque.example/letters/november",
        link_text="See the three of them",
        leave=f' <a href="{UNSUBSCRIBE}">Unsubscribe</a>',
    )
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    message.set_boundary("=_vinotheque-letter-8")
    return message


def signed(raw: bytes, stage: str, signer: Signer) -> bytes:
    """The letter with the CRM's signature in the shop's name, as of the day that it went out."""
    present = {line.partition(b":")[0].lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    names = [name for name in SIGNED if name.encode() in present]
    moment = ("t", str(SIGNED_AT[stage]))
    letter = dkim_signed(raw, signer, domain=DOMAIN, selector=SELECTORS[stage], signed=[*names, "from"], tags=[moment])
    # RFC 6376 §3.4.2: to relaxed canonicalization a fold is a space, so that the finished field may be folded there
    field = letter.removesuffix(raw).replace(b"; ", b";\r\n ")
    return RECEIVED[stage].encode() + field + raw


def main() -> None:
    signer = rsa_signer(2048)
    text = signer.record
    for stage in DATES:
        (ROOT / "examples" / stage / "letter.eml").write_bytes(signed(letter(stage).as_bytes(), stage, signer))
    strings = "\n".join(f'                        "{text[at : at + 200]}"' for at in range(0, len(text), 200))
    zone = ZONE.read_text(encoding="utf-8")
    kept = re.sub(r"(?s)(crm2\.vinotheque\.dkim TXT \().*?\)", lambda found: f"{found[1]}\n{strings} )", zone)
    ZONE.write_text(kept, encoding="utf-8")


if __name__ == "__main__":
    main()
