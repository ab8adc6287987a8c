"""One message as it is sent: what stands in it, read once and bounded, without any recipient's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deliverability.mail.message.facts import MessageFacts


def read(raw: bytes, *, name: str, octets: int | None = None) -> MessageFacts:
    """What stands in a message. Whatever the octets, there is an answer: what is wrong with them is among the facts.

    Args:
        raw: The message as it was sent or stored: line ends of any form, with or without the `From ` line of an mbox.
        name: What it is called in reports, mostly its file.
        octets: Its true size, where `raw` is only its beginning.
    """
    from deliverability.mail.message.reading import read as reading  # noqa: PLC0415 - the facts alone load at start-up

    return reading(raw, name=name, octets=octets)
