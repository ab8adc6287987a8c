"""SPF for the connection's identities, by `check_host`."""

from __future__ import annotations

import asyncio
import re
from ipaddress import ip_address

from deliverability.lookup import Answer, Resolver
from deliverability.lookup.answer import UNANSWERED
from deliverability.mail.authenticate.facts import Connection, SpfResult
from deliverability.mail.authenticate.states import Identity
from deliverability.protocols.spf import check_host
from deliverability.protocols.spf.private import HELD_BACK
from deliverability.protocols.spf.trace import Cause, CheckResult, Result

LOCAL_PART = "postmaster"
"""RFC 7208 §4.3: the local part of HELO, and what stands in for one that was not told."""
NO_HELO = "unknown"
"""What stands for the client's name where nobody told it; no record matches by it."""

_ASKS_LOCAL_PART = re.compile(r"%\{[lsLS]")
"""RFC 7208 §7.2: the macro letters that hold the sender's local part."""


async def authorised(resolver: Resolver, connection: Connection) -> tuple[SpfResult, ...]:
    """SPF for MAIL FROM and for HELO, asked at once."""
    sender = connection.mail_from
    # RFC 7208 §2.4: with a null reverse-path the MAIL FROM identity is postmaster at the HELO name
    mail_from = connection.helo if sender == "" else sender
    lacks_sender = "helo" if sender == "" else "mail_from"
    return tuple(
        await asyncio.gather(
            _one(resolver, connection, Identity.MAIL_FROM, mail_from, lacks_sender),
            _one(resolver, connection, Identity.HELO, connection.helo, "helo"),
        )
    )


async def _one(
    resolver: Resolver, connection: Connection, identity: Identity, domain: str | None, lacks: str
) -> SpfResult:
    if not _is_address(connection.ip):
        return SpfResult(identity=identity, domain=domain or "", lacks="ip")
    if not domain:
        return SpfResult(identity=identity, lacks=lacks)
    is_persons = identity is Identity.MAIL_FROM and connection.mail_from != ""
    check = await check_host(
        resolver,
        ip=connection.ip or "",
        sender=f"{LOCAL_PART}@{domain}",
        helo=connection.helo or NO_HELO,
        # `Telling`, below what is recorded, asks with the one that was told
        tells_local_part=not (is_persons and connection.knows_local),
    )
    silent = await _unanswered(resolver, check) if check.result is Result.TEMPERROR else ()
    lacks_it = _is_lost(check, silent) if connection.knows_local else _asks_local_part(check)
    return SpfResult(
        identity=identity, domain=domain, check=check, local_part=is_persons and lacks_it, unanswered=silent
    )


async def _unanswered(resolver: Resolver, check: CheckResult) -> tuple[Answer, ...]:
    """The answers that were none, with where they came from: an audit asks nothing twice."""
    asked = {(one.name, one.rdtype): one.status for step in check.trace for one in step.asked}
    silent = [question for question, status in asked.items() if status in UNANSWERED]
    return tuple(await asyncio.gather(*(resolver.resolve(*question) for question in silent)))


def _is_address(ip: str | None) -> bool:
    try:
        return ip is not None and bool(ip_address(ip.partition("%")[0]))
    except ValueError:
        return False


def _is_lost(check: CheckResult, silent: tuple[Answer, ...]) -> bool:
    """Whether only the local part, which may not be kept, stood between the check and a result."""
    return check.cause is Cause.LOCAL_PART or any(answer.source == HELD_BACK for answer in silent)


def _asks_local_part(check: CheckResult) -> bool:
    return any(_ASKS_LOCAL_PART.search(step.term) for step in check.trace)
