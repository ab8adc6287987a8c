"""`deliv config`: check, start and complete a deliv.toml."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._options import option
from deliverability.cli._output import to_stdout
from deliverability.cli._problem import Problem
from deliverability.policy.model import NAME
from deliverability.text import visible

HELP = f"""{SUMMARIES["config"]}

The file says which faults close a gate, which are accepted and until when, what is known of each domain, and how events
of your own are read. deliv gate reads ./deliv.toml by itself, other commands with --config.

\b
Examples:
  deliv config init example.com           a file to begin with
  deliv config check                      is it in order? what does it decide?
  deliv config schema > deliv.schema.json for completion in an editor
"""

CHECK = """Read a deliv.toml and say what it decides, or all that is wrong with it.

\b
Examples:
  deliv config check
  deliv config check policies/marketing.toml
"""

SCHEMA = """Print the JSON Schema of deliv.toml, for editors.

\b
Examples:
  deliv config schema > deliv.schema.json
  taplo check --schema file://$PWD/deliv.schema.json deliv.toml
"""

INIT = """Write a deliv.toml to begin with, every setting explained.

\b
Examples:
  deliv config init example.com news.example.com
  deliv config init -o policies/marketing.toml example.com
"""


@click.group(help=HELP)
def command() -> None:
    """See HELP."""


@command.command(help=CHECK, short_help="Is it in order, and what does it decide?")
@click.argument("file", default=NAME)
def check(file: str) -> int:
    """See CHECK."""
    from deliverability.policy.read import BadConfig, read_policy  # noqa: PLC0415 - not for --help
    from deliverability.policy.summary import summary  # noqa: PLC0415 - as above

    try:
        policy = read_policy(Path(file))
    except BadConfig as error:
        for problem in error.problems:
            click.echo(f"deliv: {problem}", err=True)
        return Problem.exit_code
    except OSError as error:
        hint = " (deliv config init writes one)" if isinstance(error, FileNotFoundError) else ""
        raise Problem(f"{file}: {error.strerror or error}{hint}") from None
    lines = summary(policy, datetime.now(UTC).date())
    to_stdout(f"{visible(file)} is in order\n" + "".join(f"  {name:<12}{text}\n" for name, text in lines))
    return 0


@command.command(help=SCHEMA, short_help="Print its JSON Schema, for editors.")
def schema() -> None:
    """See SCHEMA."""
    from deliverability.shape import SCHEMAS  # noqa: PLC0415 - not for --help

    to_stdout((SCHEMAS / "config.json").read_text(encoding="utf-8"))


@command.command(help=INIT, short_help="Write one to begin with.")
@click.argument("domains", metavar="[DOMAIN...]", nargs=-1)
@option("-o", "--output", metavar="FILE", default=NAME, help="Where to; - is stdout.")
@option("--force", is_flag=True, help="Write over a file that is there.")
def init(domains: tuple[str, ...], output: str, force: bool) -> None:
    """See INIT."""
    from deliverability.policy.starter import starter  # noqa: PLC0415 - not for --help

    try:
        text = starter(domains, datetime.now(UTC).date())
    except ValueError as error:
        raise Problem(str(error)) from None
    if output == "-":
        to_stdout(text)
        return
    try:
        with Path(output).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Problem(f"{output}: is there already (--force writes over it)") from None
    except OSError as error:
        raise Problem(f"{output}: {error.strerror or error}") from None
    click.echo(f"deliv: wrote {visible(output)}; deliv config check says what it decides", err=True)
