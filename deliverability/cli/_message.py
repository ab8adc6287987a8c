"""A message and how it was handed over: the options that say so, worded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deliverability.cli._options import Decorator, option
from deliverability.cli._problem import Problem
from deliverability.given_message import Told, told_of

HANDED_OVER = ("mail_from", "trust")
"""The parameters of `handover_options`."""


def handover_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--mail-from, --trust."""
    decorators: list[Decorator] = [
        option(
            "--mail-from", metavar="ADDRESS", help="MAIL FROM of the message; <> for none. Only its domain is kept."
        ),
        option(
            "--trust",
            multiple=True,
            metavar="HOST",
            help="Believe the Received or Authentication-Results fields that this host, or authserv-id, added.",
        ),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def told_from(asked: Mapping[str, Any], ip: str | None, helo: str | None) -> Told:
    """What the command line says of how the message was handed over. Raises Problem."""
    try:
        return told_of(ip, helo, asked.get("mail_from"), tuple(asked.get("trust") or ()))
    except ValueError as error:
        raise Problem(str(error)) from None


def only_one(addresses: Sequence[str]) -> str | None:
    """The address that hands the message over, where --ip names one; several are for the audit alone."""
    return addresses[0] if len(addresses) == 1 else None
