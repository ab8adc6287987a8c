"""`deliv inbox`: a receiver of your own test mail."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import ssl
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deliverability.api import DEFAULT_TIMEOUT
from deliverability.cli import EXIT_CODES, SUMMARIES
from deliverability.cli._message import Prepared, message_options, prepared
from deliverability.cli._options import fail_on_option, lang_option, option
from deliverability.cli._output import to_stdout, unwritable, wants_colour, width_of, write_whole
from deliverability.cli._problem import Problem
from deliverability.fastclass import dataclass
from deliverability.findings import Severity
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.inbox.receive import Bounds, Received
    from deliverability.messages.given import NoMessage

KEPT = ".eml"
"""How a message's file ends that is not audited yet."""
LISTEN = "127.0.0.1:2525"

HELP = f"""{SUMMARIES["inbox"]}

Send your campaign's test to it by SMTP: each message is audited with the connection it came over, and told of at once.
Nothing is passed on. A message lives in memory until then; with -o DIR it is on disk, as DIR/NNNN.eml for your eyes
alone, before its sender is told that it is taken, and goes once its report is written. It ends after --expect messages,
after --timeout seconds (with exit code 3 where fewer came, or none), or by Ctrl-C; what was received by then is audited
first.

\b
Examples:
  deliv inbox                                      listens on {LISTEN}
  deliv inbox -o received/                         a page and the JSON of each message
  deliv inbox --listen 127.0.0.1:0 --expect 3 --timeout 120 --fail-on high
  deliv inbox --ip 192.0.2.25                      as if it came from the address that will send
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How it ends, and what is shown of each message."""

    expect: int | None
    timeout: float | None
    fail_on: Severity | None
    lines: bool
    folder: Path | None
    quiet: bool
    verbose: bool
    colour: bool


@click.command(help=HELP, epilog=f"\b{EXIT_CODES}")
@option("--listen", default=LISTEN, metavar="HOST:PORT", help="Where to listen; port 0 chooses a free one.")
@option("--cert", metavar="FILE", help="Offer STARTTLS with this certificate (PEM).")
@option("--key", metavar="FILE", help="Its key, where it is in another file.")
@option("--expect", type=click.IntRange(1), metavar="N", help="End after N messages; exit 3 where fewer came.")
@option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", help="End after so many seconds.")
@option("--max-messages", type=click.IntRange(1), default=1000, metavar="N", help="Receive no more than these.")
@option("--max-size", type=click.IntRange(1, 64), default=50, metavar="MB", help="Refuse larger messages (552).")
@message_options
@fail_on_option()
@option("-q", "--quiet", is_flag=True, help="The verdict line alone.")
@option("-v", "--verbose", is_flag=True, help="Show passed checks too.")
@option("-f", "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", help="Format of the output.")
@option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    help="Keep messages here until their page and JSON are.",
)
@lang_option
@option("--no-color", is_flag=True, help="No colours.")
def command(
    listen: str,
    cert: str | None,
    key: str | None,
    expect: int | None,
    timeout: float | None,
    max_messages: int,
    max_size: int,
    fail_on: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
    folder: str | None,
    no_color: bool,
    **asked: Any,
) -> int:
    """See HELP."""
    from deliverability.inbox.receive import Bounds, ReceiverMissing  # noqa: PLC0415 - not for --help
    from deliverability.mail.authenticate.verifier import VerifierMissing, require_verifier  # noqa: PLC0415 - as above

    host, port = _place(listen)
    tls = _tls(cert, key)
    if expect is not None and expect > max_messages:
        raise Problem(f"--expect {expect} is more than --max-messages {max_messages}")
    where = None if folder is None else _folder(Path(folder))
    # what is taken is audited: no more than are waited for
    bounds = Bounds(octets=max_size * 1000 * 1000, messages=expect or max_messages)
    ready = prepared({**asked, "timeout": DEFAULT_TIMEOUT})
    level = Severity(fail_on) if fail_on else None
    colour = sys.stdout is not None and wants_colour(sys.stdout, no_color)
    wanted = _Wanted(expect, timeout, level, form == "jsonl", where, quiet, verbose, colour)
    try:
        require_verifier()
        return asyncio.run(_receive(host, port, tls, bounds, ready, wanted))
    except (ReceiverMissing, VerifierMissing) as error:
        raise Problem(str(error)) from None


def _place(text: str) -> tuple[str, int]:
    """Host and port. Raises Problem."""
    host, _, port = text.rpartition(":")
    bare = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(bare)
        number = int(port) if port.isascii() and port.isdigit() else -1
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise Problem(
            f"--listen takes an address and a port, such as {LISTEN} or [::1]:2525, not {visible(text)[:60]!r}"
        )
    return bare, number


def _tls(cert: str | None, key: str | None) -> ssl.SSLContext | None:
    """What STARTTLS is offered with. Raises Problem."""
    if cert is None:
        if key is not None:
            raise Problem("--key goes with --cert FILE")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password="")  # so that nobody is asked for one
    except ssl.SSLError:
        pair = cert if key is None else f"{cert} and {key}"
        raise Problem(f"{pair}: no certificate in PEM with its key, without a password") from None
    except OSError as error:
        raise Problem(f"{cert if key is None else f'{cert}, {key}'}: {error.strerror or error}") from None
    return context


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise unwritable(folder, error) from None
    return folder


async def _receive(
    host: str, port: int, tls: ssl.SSLContext | None, bounds: Bounds, ready: Prepared, wanted: _Wanted
) -> int:
    """Listen, audit what comes, and say what it comes to: the exit code. Raises Problem."""
    from deliverability.inbox.receive import CannotListen, audited, open_inbox  # noqa: PLC0415 - loaded by then
    from deliverability.messages.given import RECEIVED  # noqa: PLC0415 - as above
    from deliverability.messages.run import Once  # noqa: PLC0415 - as above
    from deliverability.verdict import combined  # noqa: PLC0415 - as above

    run = replace(ready.run, resolver=Once(ready.origin.resolver), origin=RECEIVED)
    stop, codes, shown = asyncio.Event(), set[int](), _Shown(wanted)
    try:
        async with open_inbox(host, port, bounds, tls=tls, tell=_say, keep=shown.keep) as (inbox, address, at):
            _on_signals(stop)
            _announce(address, at, tls=tls is not None)
            async for received, found in audited(inbox, run, stop, expect=wanted.expect, within=wanted.timeout):
                codes.add(shown.show(received, found))
    except CannotListen as error:
        raise Problem(f"{host}:{port}: cannot listen there ({error})") from None
    finally:
        await ready.origin.aclose()
    if not shown.messages:
        _say("no message came")
        # a job that was sent nothing has seen nothing; whoever ends it by hand knows
        codes |= {3} if wanted.timeout is not None or wanted.expect is not None else set()
    elif wanted.expect is not None and shown.messages < wanted.expect:
        _say(f"{shown.messages} of {wanted.expect} messages came")
        codes.add(3)
    return combined(codes)


def _announce(address: str, port: int, *, tls: bool) -> None:
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    _say(f"listening on {place}" + (" (STARTTLS offered)" if tls else ""))
    if not ipaddress.ip_address(address).is_loopback:
        _say("this is open beyond this machine: whoever reaches it can send to it")


def _say(line: str) -> None:
    click.echo(f"deliv: {visible(line)}", err=True)


def _on_signals(stop: asyncio.Event) -> None:
    """The first Ctrl-C ends it in order; a second one at once."""
    loop = asyncio.get_running_loop()

    def end(which: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(which)

    for which in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError):  # Windows; not in the main thread
            loop.add_signal_handler(which, end, which)


class _Shown:
    """What is written of each message."""

    def __init__(self, wanted: _Wanted) -> None:
        self._wanted = wanted
        self.messages = 0
        self._next = 1 if wanted.folder is None else _free(wanted.folder)

    def keep(self, raw: bytes) -> Path | None:
        """Write a message under the next number, so that it outlives us until its report is there. Raises OSError."""
        if self._wanted.folder is None:
            return None
        from deliverability.intake.whole import write_octets  # noqa: PLC0415 - only where a message came

        # names come from a counter, never from the mail
        name = self._wanted.folder / f"{self._next:04}{KEPT}"
        self._next += 1
        write_octets(name, raw)
        return name

    def show(self, received: Received, found: Audit | NoMessage) -> int:
        """Write a message's report where it is wanted; its exit code. Raises Problem."""
        code = self._shown(received, found)
        if received.file is not None:
            received.file.unlink(missing_ok=True)
        return code

    def _shown(self, received: Received, found: Audit | NoMessage) -> int:
        from deliverability.messages.given import NoMessage  # noqa: PLC0415 - loaded by then
        from deliverability.verdict import exit_code  # noqa: PLC0415 - as above

        self.messages += 1
        if isinstance(found, NoMessage):
            _say(f"message {received.number}: {found}")
            return 3
        at = _write(found, received.file)
        if self._wanted.lines:
            from deliverability.document import to_json_line  # noqa: PLC0415 - loaded by then

            to_stdout(to_json_line(found))
        else:
            to_stdout(self._text(received, found, at))
        return exit_code([(found.verdict, found.findings)], self._wanted.fail_on)

    def _text(self, received: Received, audit: Audit, at: str) -> str:
        from deliverability.reports import messages, terminal  # noqa: PLC0415 - only when a person reads

        width, colour = width_of(sys.stdout), self._wanted.colour
        if self._wanted.quiet:
            return terminal.render([audit], width=width, color=colour, quiet=True)
        came = messages.came(
            received.number, received.ip, received.helo, received.mail_from, len(received.raw), received.tls
        )
        blank = "" if received.number == 1 else "\n"
        return blank + messages.short(audit, came=came, at=at, width=width, color=colour, verbose=self._wanted.verbose)


def _write(audit: Audit, message: Path | None) -> str:
    """Write page and JSON beside the message, each whole or not at all; where."""
    if message is None:
        return ""
    from deliverability.document import to_json  # noqa: PLC0415 - loaded by then
    from deliverability.reports.html import render_html  # noqa: PLC0415 - jinja2, only where a page is wanted

    name = message.with_suffix(".html")
    write_whole(name.with_suffix(".json"), to_json(audit))
    write_whole(name, render_html(audit))
    return str(name)


def _free(folder: Path) -> int:
    """The first number that an earlier run left free; says where messages of one were not audited. Raises Problem."""
    try:
        numbered = [path for path in folder.iterdir() if path.stem.isascii() and path.stem.isdigit()]
    except OSError as error:
        raise Problem(f"{folder}: cannot be read ({error.strerror or error})") from None
    if left := sorted(path.name for path in numbered if path.suffix == KEPT):
        count = f"{len(left)} messages" if len(left) > 1 else "a message"
        _say(f"{folder}: {count} of an earlier run without a report: deliv message {folder / left[0]}")
    return max((int(path.stem) for path in numbered), default=0) + 1
