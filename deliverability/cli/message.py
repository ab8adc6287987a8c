"""`deliv message`: one message before it is sent, or ten thousand."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deliverability.api import DEFAULT_TIMEOUT
from deliverability.cli import EXIT_CODES, SUMMARIES
from deliverability.cli._audits import FORMATS, renderers
from deliverability.cli._message import Prepared, message_options, prepared, stored_message
from deliverability.cli._options import fail_on_option, option, output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._problem import Problem
from deliverability.cli._reading import reading_options, troubles_of, warn_of
from deliverability.fastclass import dataclass
from deliverability.findings import Severity
from deliverability.messages.given import GivenMessage, NoMessage, given_message, why_refused

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.intake.trouble import Troubles
    from deliverability.messages.many import Mails

Mail = tuple[str, bytes]
"""A name and octets."""
OF_MANY = ("text", "json", "jsonl")
"""Formats that many messages can be shown in."""

HELP = f"""{SUMMARIES["message"]}

FILE is a message as your service sends it (.eml), - for standard input, or many: a folder (a Maildir too), an mbox, a
pattern, plain or as .gz, .zst or .zip. One message is an audit of its From domain by the checks of messages; many are
added up, and -f jsonl writes the audit of each. SPF needs to know who hands the message over: --ip and --mail-from say
so, or --trust names a host whose Received fields are believed.

\b
Examples:
  deliv message campaign.eml
  deliv message campaign.eml --ip 192.0.2.25 --mail-from bounces@mail.example.com -o report.html
  deliv message campaign.eml --full --fail-on high       the domain as well
  deliv message sent/ -o summary.json -o audits.jsonl    every message of a folder
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be done with what is found."""

    targets: list[tuple[str, str]]
    fail_on: Severity | None
    rejects: str | None
    max_bad_share: float
    quiet: bool
    verbose: bool
    no_color: bool


@click.command(help=HELP, epilog=f"\b{EXIT_CODES}")
@click.argument("paths", metavar="FILE...", nargs=-1)
@message_options
@option("--replay", metavar="AUDIT.json", help="Repeat a stored audit of a message, offline.")
@option("--timeout", type=float, default=DEFAULT_TIMEOUT, metavar="S", help="Seconds a message's audit may take.")
@fail_on_option()
@option("-q", "--quiet", is_flag=True, help="The verdict line alone.")
@option("-v", "--verbose", is_flag=True, help="Show passed checks too.")
@reading_options
@output_options(FORMATS)
@click.pass_context
def command(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    replay: str | None,
    fail_on: str | None,
    quiet: bool,
    verbose: bool,
    rejects: str | None,
    max_bad_share: float,
    form: str | None,
    outputs: tuple[str, ...],
    no_color: bool,
    **asked: Any,
) -> int:
    """See HELP."""
    if not paths and replay is None:
        raise click.UsageError("name a message, for example: deliv message campaign.eml", context)
    level = Severity(fail_on) if fail_on else None
    wanted = _Wanted(targets(form, outputs, FORMATS), level, rejects, max_bad_share, quiet, verbose, no_color)
    from deliverability.cli._inputs import read_audit  # noqa: PLC0415 - not for --help

    stored = None if replay is None else read_audit(replay)
    ready = prepared(asked, stored)
    if stored is not None and not paths:
        return _shown(_audited(ready, stored_message(stored, replay or ""), progress=not quiet), wanted)
    with troubles_of(rejects) as troubles:
        return _read(paths, ready, troubles, wanted)


def _read(paths: Sequence[str], ready: Prepared, troubles: Troubles, wanted: _Wanted) -> int:
    """Audit what is named, one message or many. Raises Problem."""
    from deliverability.messages.many import Mails  # noqa: PLC0415 - not for --help
    from deliverability.privacy import pseudonyms_from_environment  # noqa: PLC0415 - as above

    stdin = sys.stdin.buffer if "-" in paths else None
    mails = Mails(paths, troubles=troubles, pseudonyms=pseudonyms_from_environment(os.environ), stdin=stdin)
    one, found = _looked(mails, paths, troubles)
    if one is not None:
        return _shown(_audited(ready, _given(*one, ready), one[1], progress=not wanted.quiet), wanted)
    for destination, kind in wanted.targets:
        if kind not in OF_MANY:
            raise Problem(f"{destination}: {kind} shows one message, and there are many: use {', '.join(OF_MANY)}")
    return _many(mails, found, ready, troubles, wanted)


def _looked(mails: Mails, paths: Sequence[str], troubles: Troubles) -> tuple[Mail | None, Iterator[Mail]]:
    """The mail, where what is named is one mail; and all of them. Raises Problem."""
    found = iter(mails)
    try:
        begin = list(islice(found, 2))
    except ValueError as error:
        raise Problem(str(error)) from None
    if not begin:
        bad = next(iter(troubles.examples), None)
        why = f"{bad.file}: {why_refused(bad.reason, bad.detail)}" if bad else f"{paths[0]}: no message in it"
        raise Problem(why + (f", and {troubles.count - 1} more" if troubles.count > 1 else ""))
    is_one = len(begin) == 1 and len(paths) == 1 and not troubles.count and not Path(paths[0]).is_dir()
    return (begin[0] if is_one else None), chain(begin, found)


def _given(name: str, raw: bytes, ready: Prepared) -> GivenMessage:
    from deliverability.mail.authenticate.verifier import VerifierMissing  # noqa: PLC0415 - where a message is read

    try:
        return given_message(raw, name=name, now=ready.run.now, told=ready.run.told)
    except NoMessage as error:
        raise Problem(f"{name}: {error}") from None
    except VerifierMissing as error:
        raise Problem(str(error)) from None


def _audited(ready: Prepared, given: GivenMessage, raw: bytes | None = None, *, progress: bool) -> Audit:
    """The audit of one message, which spam filters are asked about where it is at hand. Raises Problem."""
    from deliverability.cli._progress import watched  # noqa: PLC0415 - only for one

    async def audit() -> Audit:
        try:
            async with watched(ready.origin.resolver, sys.stderr, progress) as resolver:
                run = replace(ready.run, resolver=resolver)
                return await run.audit(given, raw)
        finally:
            await ready.origin.aclose()

    try:
        return asyncio.run(audit())
    except NoMessage as error:
        raise Problem(f"{given.facts.name}: {error}") from None


def _shown(audit: Audit, wanted: _Wanted) -> int:
    emit(renderers([audit], quiet=wanted.quiet, verbose=wanted.verbose), wanted.targets, wanted.no_color)
    return _code(audit, wanted)


def _code(audit: Audit, wanted: _Wanted) -> int:
    from deliverability.verdict import exit_code  # noqa: PLC0415 - loaded by then

    return exit_code([(audit.verdict, audit.findings)], wanted.fail_on)


def _many(mails: Mails, found: Iterator[Mail], ready: Prepared, troubles: Troubles, wanted: _Wanted) -> int:
    """Audit each message, write what is wanted of each, and add them up."""
    from deliverability.cli._message_output import Count, JsonLines, summarised  # noqa: PLC0415 - only for many
    from deliverability.mail.authenticate.verifier import VerifierMissing  # noqa: PLC0415 - as above
    from deliverability.messages.document import Sums  # noqa: PLC0415 - as above
    from deliverability.messages.many import audits  # noqa: PLC0415 - as above
    from deliverability.messages.run import Once  # noqa: PLC0415 - as above
    from deliverability.verdict import combined  # noqa: PLC0415 - as above

    run = replace(ready.run, resolver=Once(ready.origin.resolver))
    sums, codes = Sums(run, troubles), set[int]()

    async def all_of(lines: JsonLines, count: Count) -> None:
        try:
            async for name, audit in audits(found, run, troubles, count):
                sums.add(name, audit)
                lines.add(audit)
                codes.add(_code(audit, wanted))
        finally:
            await ready.origin.aclose()

    try:
        with JsonLines(wanted.targets) as lines, Count(wanted=("-", "jsonl") not in wanted.targets) as count:
            asyncio.run(all_of(lines, count))
    except VerifierMissing as error:
        raise Problem(str(error)) from None
    warn_of(troubles, wanted.rejects)
    summarised(sums.document(mails.files), wanted.targets, quiet=wanted.quiet, no_color=wanted.no_color)
    codes |= {3} if sums.bad_share > wanted.max_bad_share else set()
    return combined(codes)
