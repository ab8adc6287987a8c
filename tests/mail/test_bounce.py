"""Bounces as servers write them: reports of every form, notices in words, and the mails that are none."""

from __future__ import annotations

import time
from base64 import encodebytes
from quopri import encodestring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.mail.bounce import Bounce, parse_bounce
from deliverability.mail.dsn import MAX_RECIPIENTS

HEAD = "From: MAILER-DAEMON@mx.example\nTo: news@shop.example\nReturn-Path: <>\nSubject: Undelivered Mail\n"
GROUP = (
    "Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 "
    "5.1.1 No such user\n"
)
RETURNED = "Message-ID: <1@shop.example>\nFrom: news@shop.example\nTo: ann@example.com\nSubject: Wine\n"


def report(status: str, words: str = "It failed.", kind: str = "message/delivery-status", encoding: str = "") -> bytes:
    """A multipart/report (RFC 6522) around the text of a delivery-status part."""
    lines = [
        HEAD + 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n',
        f"--b\nContent-Type: text/plain\n\n{words}\n",
        f"--b\nContent-Type: {kind}\n{encoding}\n{status}\n",
        f"--b\nContent-Type: text/rfc822-headers\n\n{RETURNED}\n--b--\n",
    ]
    return "\n".join(lines).encode()


def notice(words: str, head: str = HEAD, kind: str = "text/plain; charset=utf-8") -> bytes:
    """A mail in words alone."""
    return f"{head}Content-Type: {kind}\n\n{words}\n".encode()


def the(raw: bytes) -> Bounce:
    """The one bounce that a mail reports."""
    found = parse_bounce(raw)
    assert len(found) == 1, found
    return found[0]


def test_a_report_says_who_failed_and_why() -> None:
    bounce = the(report(f"Reporting-MTA: dns; mx.example\n\n{GROUP}Remote-MTA: dns; in.example.com\n"))

    assert (bounce.recipient, bounce.action) == ("ann@example.com", "failed")
    assert (bounce.status, bounce.reply_code) == ("5.1.1", 550)
    assert (bounce.reason, bounce.persistence, bounce.blame) == ("unknown_user", "hard", "recipient")
    assert bounce.remote_mta == "in.example.com"
    assert bounce.confidence == "high"


PER_MESSAGE = "Reporting-MTA: dns; mx.example\n"
OTHER = GROUP.replace("ann@", "bob@")


@pytest.mark.parametrize(
    "status",
    [
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}",
        f"{PER_MESSAGE}{GROUP}{OTHER}",
        f"{PER_MESSAGE}\n\n\n{GROUP}\n\n\n{OTHER}\n\n",
        f"{PER_MESSAGE} \n{GROUP}\t\n{OTHER}",
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}".replace("Action:", "\nAction:"),
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}".replace("\n", "\r\n"),
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}".replace("\n", "\r"),
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}".replace("Final-Recipient: rfc822; ", "FINAL-RECIPIENT:RFC822;"),
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}".replace("ann@example.com", "<ann@example.com>"),
        f"{PER_MESSAGE}\n{GROUP}\n{OTHER}".replace("\n", "\n  "),
    ],
    ids=[
        "as written",
        "no empty line",
        "many",
        "white space",
        "one within",
        "CRLF",
        "CR",
        "upper case",
        "brackets",
        "inset",
    ],
)
def test_groups_are_told_apart_however_they_are_separated(status: str) -> None:
    found = parse_bounce(report(status))

    assert [bounce.recipient for bounce in found] == ["ann@example.com", "bob@example.com"]
    assert {bounce.reason for bounce in found} == {"unknown_user"}


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("Final-Recipient: rfc822;ann@example.com", "ann@example.com"),
        ("Final-Recipient: ann@example.com", "ann@example.com"),
        ("Final-Recipient: RFC822; <ann@example.com> (Ann)", "ann@example.com"),
        ("Final-Recipient: smtp; ann+tag@example.com", "ann+tag@example.com"),
        ('Final-Recipient: rfc822; "ann b"@example.com', '"ann b"@example.com'),
        ("Original-Recipient: rfc822;ann+2Btag@example.com", "ann+tag@example.com"),
        ("Original-Recipient: rfc822;ann+40example.com", "ann@example.com"),
        ("Original-Recipient: rfc822;ann+tag@example.com", "ann+tag@example.com"),
        ("Final-Recipient: utf-8;\\x{E4}nn@example.com", "änn@example.com"),
        (
            "Final-Recipient: rfc822; forwarded@example.net\nOriginal-Recipient: rfc822;ann@example.com",
            "ann@example.com",
        ),
    ],
)
def test_the_recipient_is_the_one_that_the_sender_wrote(field: str, address: str) -> None:
    assert the(report(f"{PER_MESSAGE}\n{field}\nAction: failed\nStatus: 5.1.1\n")).recipient == address


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("Content-Transfer-Encoding: base64\n", encodebytes(f"{PER_MESSAGE}\n{GROUP}".encode())),
        ("Content-Transfer-Encoding: quoted-printable\n", encodestring(f"{PER_MESSAGE}\n{GROUP}".encode())),
    ],
)
def test_a_report_may_be_encoded(encoding: str, encoded: bytes) -> None:
    bounce = the(report(encoded.decode(), encoding=encoding))

    assert (bounce.recipient, bounce.reason) == ("ann@example.com", "unknown_user")


def test_the_global_form_is_a_report() -> None:
    assert the(report(f"{PER_MESSAGE}\n{GROUP}", kind="message/global-delivery-status")).reason == "unknown_user"


def test_a_report_that_stands_in_a_text_is_read() -> None:
    bounce = the(notice(f"Technical report:\n\n{PER_MESSAGE}\n{GROUP}"))

    assert (bounce.recipient, bounce.form) == ("ann@example.com", "report")


def test_a_report_that_says_little_is_read_with_the_words_beside_it() -> None:
    words = "<ann@example.com>: host in.example.com said: 552 5.2.2 Mailbox is full"
    bounce = the(
        report(f"{PER_MESSAGE}\nFinal-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.0.0\n", words)
    )

    assert (bounce.reason, bounce.status, bounce.reply_code) == ("mailbox_full", "5.2.2", 552)


def test_what_is_delayed_is_soft_whatever_the_reason() -> None:
    status = GROUP.replace("failed", "delayed").replace("5.1.1", "4.1.1").replace("550", "450")
    bounce = the(report(f"{PER_MESSAGE}\n{status}"))

    assert (bounce.action, bounce.persistence) == ("delayed", "soft")


@pytest.mark.parametrize(
    ("reply", "persistence"),
    [
        ("450 4.1.1 Recipient address rejected: unverified address", "soft"),
        ("450 4.1.1 Recipient address rejected: User unknown", "hard"),
        ("450 4.1.2 Host or domain name not found", "soft"),
    ],
)
def test_a_code_of_what_may_pass_alone_makes_no_dead_address(reply: str, persistence: str) -> None:
    status = GROUP.replace("550 5.1.1 No such user", reply).replace("5.1.1", reply[4:9])

    assert the(report(f"{PER_MESSAGE}\n{status}")).persistence == persistence


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "Delivered (to the mailbox)"])
def test_a_report_of_success_is_no_bounce(action: str) -> None:
    assert parse_bounce(report(f"{PER_MESSAGE}\n{GROUP.replace('failed', action).replace('5.1.1', '2.1.5')}")) == []


def test_a_block_is_never_a_dead_address() -> None:
    reply = "550 5.1.1 blocked using Spamhaus; see https://www.spamhaus.org/query/ip/192.0.2.1"
    status = GROUP.replace("550 5.1.1 No such user", reply)

    assert the(report(f"{PER_MESSAGE}\n{status}")).persistence == "block"


QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <ann@example.com>: User unknown
Giving up on 192.0.2.1.

<bob@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 552 5.2.2 <bob@example.com>: Mailbox full
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <news@shop.example>
To: ann@example.com, carol@example.com
"""


def test_each_recipient_of_a_notice_has_its_own_reason() -> None:
    found = parse_bounce(notice(QMAIL))

    assert [(b.recipient, b.reason, b.status, b.reply_code) for b in found] == [
        ("ann@example.com", "unknown_user", "5.1.1", 550),
        ("bob@example.com", "mailbox_full", "5.2.2", 552),
    ]


NOTICES = {
    "exim": "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
    "delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  ann@example.com\n"
    "    SMTP error from remote mail server after RCPT TO:<ann@example.com>:\n"
    "    host in.example.com [192.0.2.1]: 550 no such user here\n\n------ This is a copy of the message. ------\n\n"
    "To: wrong@example.net\n",
    "sendmail": "   ----- The following addresses had permanent fatal errors -----\n<ann@example.com>\n\n"
    "   ----- Transcript of session follows -----\n>>> RCPT To:<ann@example.com>\n<<< 550 5.1.1 User unknown\n"
    "550 <ann@example.com>... User unknown\n\n   ----- Message header follows -----\nTo: wrong@example.net\n",
    "sendmail 5": "   ----- Transcript of session follows -----\n<<< 550 User unknown\n554 <ann@example.com>... "
    "User unknown\n\n"
    "   ----- Unsent message follows -----\nTo: wrong@example.net\n",
    "postfix": "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your message "
    "could not\n"
    "be delivered to one or more recipients.\n\nFor assistance, contact <postmaster@mx.example>\n\n"
    "<ann@example.com>: host in.example.com[192.0.2.1] said: 550 User unknown (in\n    reply to RCPT TO command)\n",
    "exchange 5.5": "Your message\n\n  To:      ann@example.com\n  Subject: Wine\n\ndid not reach the following "
    "recipient(s):\n\n"
    "ann@example.com on Thu, 29 Apr 2010 16:51:29 -0500\n    The recipient name is not recognized\n",
    "x400": "Your message did not reach the following recipient(s):\n\nc=US;a= "
    ";p=Shop;o=Mail;dda:SMTP=ann@example.com; on Fri\n"
    "    The recipient name is not recognized\n",
    "domino": "Your message\n\n  Subject: Wine\n\nwas not delivered to:\n\n  ann@example.com\n\nbecause:\n\n"
    "  User ann (ann@example.com) not listed in Domino Directory\n",
    "gmail": "Delivery to the following recipient failed permanently:\n\n     ann@example.com\n\n"
    "Technical details of permanent failure:\nThe error that the other server returned was:\n550 5.1.1 User unknown\n\n"
    "----- Original message -----\nTo: wrong@example.net\n",
    "opensmtpd": "    Hi!\n\n    An error has occurred while attempting to deliver a message for\n    the "
    "following list of "
    "recipients:\n\nann@example.com: 550 5.1.1 User unknown\n\n    Below is a copy of the original message:\n",
    "dma": "There was an error delivering your mail to <ann@example.com>.\n\nin.example.com [192.0.2.1] did not "
    "like our RCPT TO:"
    "\n550 5.1.1 User unknown\n\nMessage headers follow.\n\nTo: <wrong@example.net>\n",
    "imail": "Unknown user: ann@example.com\n\nOriginal message follows.\n\nTo: wrong@example.net\n",
    "zoho": "A message that you sent could not be delivered. This is a permanent error.\n\n"
    "ann@example.com Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User Unknown\n\nReceived:from mail.example\n",
    "bullets": "Delivery to the following recipients failed permanently:\n\n   * ann@example.com\n\n=====\n  "
    "Technical details:\n\n"
    "SMTP:RCPT host 192.0.2.8: 553 5.3.0 <ann@example.com>... No such user here\n",
    "label": "Could not deliver message to the following recipient(s):\n\nFailed Recipient: ann@example.com\n"
    "Reason: Remote host said: 550 unknown user\n",
    "sentence": "Unable to deliver message to: <ann@example.com>\nServer in.example.com failed with: 550 No such "
    "user here\n",
    "returned mail's header": "Message could not be delivered to mobile.\nError: No such user\n\nOriginal Message:\n"
    "From: news@shop.example\nTo: ann@example.com\n",
    "mailenable": "MailEnable: Message could not be delivered to some recipients.\n\n\tRecipient: "
    "[SMTP:ann@example.com]\n"
    "\tReason: Remote SMTP Server Returned: 550 No such user\n\nMessage headers follow:\n\nTo: wrong@example.net\n",
    "chinese": "抱歉，您的邮件被退回来了\n收件人：ann@example.com\n退信原因：550 User not found\n",  # noqa: RUF001 - as it is sent
    "response in brackets": "We had trouble delivering your message.\n\nSMTP Server <mx.example> rejected recipient "
    "<ann@example.com>\n  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n",
    "transcript": "****** Message from the gateway ******\nThe message could not be delivered.\n"
    "Sent <<< RCPT TO:<ann@example.com>\nReceived >>> 550 5.1.1 user unknown\n",
}


@pytest.mark.parametrize("words", NOTICES.values(), ids=NOTICES)
def test_a_notice_says_who_failed_and_why(words: str) -> None:
    bounce = the(notice(words))

    assert (bounce.recipient, bounce.reason, bounce.persistence) == ("ann@example.com", "unknown_user", "hard")


@pytest.mark.parametrize("subject", ["Out of office rules", "Challenge of the week", "Automatic reply", "Vacation"])
def test_the_subject_of_the_returned_mail_makes_no_automatic_reply(subject: str) -> None:
    head = HEAD.replace("Undelivered Mail", f"Undeliverable: {subject}").replace("MAILER-DAEMON", "postmaster")

    assert the(notice(NOTICES["domino"], head)).recipient == "ann@example.com"


def test_html_notices_are_read() -> None:
    html = (
        "<html><style>p {color: red}</style><body><p>Delivery has failed to these recipients:</p><p><a href='mailto:x'>"
    )
    html += "ann@example.com</a><br>#550 5.1.1 User unknown &lt;ann@example.com&gt;</p></body></html>"

    assert the(notice(html, kind="text/html")).recipient == "ann@example.com"


def test_the_header_may_name_who_failed() -> None:
    head = HEAD + "X-Failed-Recipients: ann@example.com,\n bob@example.com\n"
    found = parse_bounce(notice("A message could not be delivered.\n  550 User unknown", head))

    assert [bounce.recipient for bounce in found] == ["ann@example.com", "bob@example.com"]


def test_the_bounce_address_may_name_who_failed() -> None:
    head = HEAD.replace("news@shop.example", "bounces+ann=example.com@shop.example")

    assert the(notice("The message could not be delivered: 550 User unknown", head)).recipient == "ann@example.com"


def test_the_reader_of_a_notice_is_not_who_failed() -> None:
    words = "It could not be delivered.\n\nSent by:\nnews@shop.example\nTo:\n<ann@example.com>: no such user\n"

    assert the(notice(words)).recipient == "ann@example.com"


def test_what_stands_below_a_reason_for_everybody_is_no_part_of_it() -> None:
    words = "It could not be delivered.\n\n<ann@example.com>: 552 5.2.2 Mailbox full\n\nUser unknown means: no "
    "such user.\n"
    bounce = the(notice(words))

    assert bounce.reason == "mailbox_full"
    assert "means" not in bounce.diagnostic


def test_a_notice_may_be_about_a_delay() -> None:
    words = (
        "A message that you sent has not yet been delivered to one or more of its recipients.\n\n  ann@example.com\n"
    )
    bounce = the(notice(words + "    Delay reason: connection timed out\n\nDelivery attempts will continue.\n"))

    assert (bounce.action, bounce.persistence) == ("delayed", "soft")


def test_a_notice_that_names_nobody_is_still_a_bounce() -> None:
    assert the(notice("The message could not be delivered to a recipient.")).recipient == ""


def test_a_filter_may_wrap_the_bounce_that_it_got() -> None:
    inner = report(f"{PER_MESSAGE}\n{GROUP}").decode()
    outer = HEAD + 'Content-Type: multipart/mixed; boundary="o"\n\n--o\nContent-Type: text/plain\n\nReturned mail.\n'

    assert the(f"{outer}--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n".encode()).recipient == "ann@example.com"


def test_notifications_of_ses_by_mail_are_read() -> None:
    event = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":'
        '[{"emailAddress":"ann@example.com","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}'
    )
    head = "From: AWS <no-reply@sns.amazonaws.com>\nSubject: AWS Notification Message\n"

    assert the(notice(f"{event}\n\n--\nIf you wish to stop", head)).reason == "unknown_user"


NO_BOUNCES = {
    "ordinary": "From: ann@example.com\nSubject: Lunch?\n\nI was unable to deliver your message to bob@example.com.\n",
    "newsletter": "From: postmaster@shop.example\nSubject: Delivery report for your parcel\n\nYour parcel has "
    "arrived.\n",
    "parcel": "From: noreply@parcel.example\nSubject: Delivery notification\n\nYour parcel was returned to sender, "
    "550 Main Street. Write to help@parcel.example.\n",
    "house rules": "From: postmaster@example.com\nSubject: Rules\n\nMail that is undeliverable is kept for a week. Ask "
    "help@example.com.\n",
    "automatic reply": "From: ann@example.com\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Out of "
    "office\n\n"
    "I am away. Mail to bob@example.com could not be delivered.\n",
    "vacation": "From: ann@example.com\nX-Autoreply: yes\nSubject: Re: Wine\n\nYour message was not delivered to "
    "me yet.\n",
    "receipt": "From: postmaster@example.com\nContent-Type: multipart/report; report-type=disposition-notification; "
    'boundary="b"\nSubject: Undelivered Mail\n\n--b\n\nIt could not be delivered to\nann@example.com\n'
    "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ann@example.com\n"
    "Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n",
    "complaint": "From: MAILER-DAEMON@example.com\nContent-Type: multipart/report; report-type=feedback-report; "
    'boundary="b"\n'
    "Subject: Undelivered Mail\n\n--b\n\nIt could not be delivered to\nann@example.com\n"
    "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: ann@example.com\n\n--b--\n",
    "reply of a robot": "From: postmaster@example.com\nX-Autoreply: yes\nSubject: Warning\n\nWhat could not be "
    "delivered went to\n"
    "bob@example.com\n",
    "challenge": "From: ann@example.com\nReturn-Path: <>\nSubject: Please confirm your message\n\nYour mail was "
    "not delivered to "
    "ann@example.com yet. Click here.\n",
    "discussion": "From: ann@example.com\nList-Id: <mta.example.com>\nSubject: Re: qmail\n\n> Hi. This is the "
    "qmail-send "
    "program at mx.example.\n> <bob@example.com>: 550 5.1.1 User unknown\n\nWhat does that mean?\n",
    "forwarded": 'From: ann@example.com\nSubject: as attachment\nContent-Type: multipart/mixed; boundary="b"\n\n'
    "--b\n\nSee below.\n"
    "--b\nContent-Type: message/rfc822\n\n"
    + report(f"{PER_MESSAGE}\n{GROUP}").decode().replace("b", "inner-b")
    + "\n--b--\n",
    "empty": "",
}


@pytest.mark.parametrize("raw", NO_BOUNCES.values(), ids=NO_BOUNCES)
def test_other_mail_is_no_bounce(raw: str) -> None:
    assert parse_bounce(raw.encode()) == []


@pytest.mark.parametrize(
    "charset",
    ["uft-8", "iso-2022-jp", "unicode-1-1-utf-7", "windows-1252", "x-unknown", "punycode", "utf-16", "base64"],
)
def test_lies_about_the_charset_change_nothing(charset: str) -> None:
    raw = notice(QMAIL, kind=f"text/plain; charset={charset}") if charset != "utf-16" else notice(QMAIL)
    spoilt = raw.replace(b"Sorry", b"\xe9\xff\x1b$B Sorry")

    assert [bounce.recipient for bounce in parse_bounce(spoilt)] == ["ann@example.com", "bob@example.com"]


def test_a_wrong_boundary_is_guessed() -> None:
    encoded = encodebytes(f"{PER_MESSAGE}\n{GROUP}".encode()).decode()
    raw = report(encoded, encoding="Content-Transfer-Encoding: base64\n").replace(b'boundary="b"', b'boundary="c"')

    assert the(raw).recipient == "ann@example.com"


def test_an_mbox_line_and_empty_lines_before_the_header_are_passed_over() -> None:
    raw = b"\nFrom MAILER-DAEMON Thu Jan  1 00:00:00 2026\n" + report(f"{PER_MESSAGE}\n{GROUP}")

    assert the(raw).recipient == "ann@example.com"


MIB = 1 << 20
HOSTILE = {
    "10,000 parts": HEAD.encode()
    + b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\nundeliverable\n" * 10_000,
    "depth": HEAD.encode() + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 10_000,
    "recipients": report("\n".join(GROUP.replace("ann@", f"a{n}@") for n in range(5000))),
    "one line": HEAD.encode() + b"\nundeliverable " + b"a@b " * MIB,
    "dashes": HEAD.encode() + b"\n" + b"-" * MIB,
    "styles": HEAD.encode() + b"Content-Type: text/html\n\n" + b"<style>" * 150_000,
    "names": HEAD.encode() + b"X-Failed-Recipients: " + b"a" * MIB + b"\n\nundeliverable",
    "empty lines": report("\n" * MIB),
    "large": notice(QMAIL) + b"x" * (32 * MIB),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mails_are_bounded(raw: bytes) -> None:
    started = time.process_time()
    found = parse_bounce(raw)

    assert len(found) <= MAX_RECIPIENTS
    assert time.process_time() - started < 2


@given(st.binary(max_size=2000))
def test_no_octets_make_it_raise(raw: bytes) -> None:
    assert isinstance(parse_bounce(raw), list)
    assert isinstance(parse_bounce(HEAD.encode() + raw), list)


SEEDS = [report(f"{PER_MESSAGE}\n{GROUP}\n{OTHER}"), notice(QMAIL), *(notice(words) for words in NOTICES.values())]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=12))
def test_no_spoilt_bounce_makes_it_raise(raw: bytes, changes: list[tuple[float, bytes]]) -> None:
    for place, octets in changes:
        at = int(place * len(raw))
        raw = raw[:at] + octets + raw[at + len(octets) // 2 :]

    for bounce in parse_bounce(raw):
        assert bounce.action in {"failed", "delayed"}
        assert bounce.persistence in {"hard", "soft", "block", "none"}
