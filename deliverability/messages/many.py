"""Messages audited, one or ten thousand: each as an audit of its From domain, many with what they come to together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

from deliverability.messages.given import NoMessage, given_message
from deliverability.messages.run import Asked, Once, Run, plan_run

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.intake.mailbox import Mail
    from deliverability.intake.trouble import Troubles
    from deliverability.lookup import Resolver
    from deliverability.privacy import Pseudonyms

AT_ONCE = 16
"""Messages that are audited at the same time. Most wait for no answer: the messages of a campaign ask the same."""
MAX_HELD = 96 * 1024 * 1024
"""Octets of messages that are held at the same time, unless one alone is larger. Our own bound."""
OUR_FAULT = "internal-error"


class Mails:
    """The mails in `paths`, each with its name, as it is iterated; one at a time is held.

    Args:
        paths: Files, folders, patterns, or `-` for `stdin`.
        troubles: Takes what could not be read, which never stops the rest.
        pseudonyms: Stand for the addresses in names of files.
        stdin: Standard input.

    Iterating raises `intake.paths.MissingPath` (a ValueError) before the first mail, if something named is missing.
    """

    def __init__(
        self, paths: Sequence[str], *, troubles: Troubles, pseudonyms: Pseudonyms, stdin: BinaryIO | None = None
    ) -> None:
        self._paths, self._troubles, self._pseudonyms, self._stdin = paths, troubles, pseudonyms, stdin
        self.files = 0

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Each mail's name and octets, in the order of the input."""
        from deliverability.intake.mailbox import mails  # noqa: PLC0415 - only where mails are read
        from deliverability.intake.paths import expand  # noqa: PLC0415 - as above

        for path in expand(self._paths):
            self.files += 1
            for mail in mails(path, troubles=self._troubles, stdin=self._stdin):
                yield self._name(mail), mail.raw

    def _name(self, mail: Mail) -> str:
        place = mail.name if mail.number is None else f"{mail.name}#{mail.number}"
        return self._pseudonyms.scrub(place)


_UnderWay = deque[tuple[str, int, "asyncio.Task[Audit | None]"]]


async def audits(
    mails: Iterable[tuple[str, bytes]],
    run: Run,
    troubles: Troubles,
    progress: Callable[[int], None] = lambda _: None,
) -> AsyncGenerator[tuple[str, Audit]]:
    """The audit of each mail with its name, in order; a bounded number of mails is held at any time.

    What is no message is counted in `troubles`. `progress` is told of each mail's octets once it is audited. Raises
    VerifierMissing where dkimpy is not installed.
    """
    from deliverability.mail.authenticate.verifier import require_verifier  # noqa: PLC0415 - only where mails are read

    require_verifier()
    under_way: _UnderWay = deque()
    held = 0
    try:
        for name, raw in mails:
            while under_way and (len(under_way) >= AT_ONCE or held + len(raw) > MAX_HELD):
                held -= under_way[0][1]
                async for done in _first(under_way, progress):
                    yield done
            under_way.append((name, len(raw), asyncio.create_task(_one(name, raw, run, troubles))))
            held += len(raw)
        while under_way:
            async for done in _first(under_way, progress):
                yield done
    finally:
        for _, _, task in under_way:
            task.cancel()


async def _first(under_way: _UnderWay, progress: Callable[[int], None]) -> AsyncGenerator[tuple[str, Audit]]:
    name, octets, task = under_way.popleft()
    audit = await task
    progress(octets)
    if audit is not None:
        yield name, audit


async def _one(name: str, raw: bytes, run: Run, troubles: Troubles) -> Audit | None:
    """The audit of one message; None where there is none, which is counted."""
    from deliverability.intake.trouble import Bad  # noqa: PLC0415 - loaded by then

    try:
        given = given_message(raw, name=name, now=run.now, told=run.told)
        return await run.audit(given, raw)
    except NoMessage as error:
        troubles.add(Bad(file=name, reason=error.reason))
    except Exception as error:  # noqa: BLE001 - one message must never take the other thousands along
        troubles.add(Bad(file=name, reason=OUR_FAULT, detail=type(error).__name__))
    return None


async def message_async(
    raw: bytes, *, name: str = "message", resolver: Resolver | None = None, **asked: Unpack[Asked]
) -> Audit:
    """The same as `message`, for use inside a running event loop."""
    from deliverability.lookup import LiveResolver  # noqa: PLC0415 - only where a message is audited

    if resolver is not None:
        run = plan_run(resolver, **asked)
        given = given_message(raw, name=name, now=run.now, told=run.told)
        return await run.audit(given, raw)
    async with LiveResolver() as live:
        return await message_async(raw, name=name, resolver=live, **asked)


def message(raw: bytes, *, name: str = "message", resolver: Resolver | None = None, **asked: Unpack[Asked]) -> Audit:
    """Audit one message: the audit of its From domain, by the checks of messages.

    - raw: the message as it was sent or stored.
    - name: what the document calls it.
    - resolver: where answers come from; the system's resolvers by default.
    - asked: see `Asked`.

    Raises ValueError, in one line, for a request that is none; NoMessage, one of them, where `raw` is no message, or
    names no domain. What stands in it never raises.
    """
    return asyncio.run(message_async(raw, name=name, resolver=resolver, **asked))


def messages(
    paths: Sequence[str],
    *,
    resolver: Resolver | None = None,
    troubles: Troubles | None = None,
    stdin: BinaryIO | None = None,
    on_audit: Callable[[Audit], object] = lambda _: None,
    **asked: Unpack[Asked],
) -> dict[str, Any]:
    """Audit the messages in `paths`, and add up what they come to: a `deliv.messages/1` document.

    - paths: files, folders (Maildirs too), patterns, `-` for `stdin`; mails and mboxes, plain or compressed.
    - resolver: where answers come from, each question asked once; the system's resolvers by default.
    - troubles: takes what is no message, which never stops the rest.
    - on_audit: is given each audit, in the order of the input; none is kept.
    - asked: see `Asked`.

    Raises ValueError, in one line, for a request that is none and for a path that is not there.
    """
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - only where messages are read
    from deliverability.lookup import LiveResolver  # noqa: PLC0415 - as above
    from deliverability.messages.document import Sums  # noqa: PLC0415 - as above
    from deliverability.privacy import Pseudonyms  # noqa: PLC0415 - as above

    pseudonyms = Pseudonyms()
    troubles = troubles or Troubles(pseudonyms.scrub)

    async def read(base: Resolver) -> dict[str, Any]:
        run = plan_run(Once(base), **asked)
        sums = Sums(run, troubles)
        mails = Mails(paths, troubles=troubles, pseudonyms=pseudonyms, stdin=stdin)
        async for name, audit in audits(mails, run, troubles):
            sums.add(name, audit)
            on_audit(audit)
        return sums.document(mails.files)

    async def live() -> dict[str, Any]:
        async with LiveResolver() as base:
            return await read(base)

    return asyncio.run(live() if resolver is None else read(resolver))
