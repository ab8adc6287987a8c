"""The command line: a thin layer over `deliverability.api`. Each command's module is imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from deliverability import RULESET, __version__
from deliverability.cli._problem import Problem
from deliverability.text import visible

SUMMARIES = {
    "audit": "Audit what DNS says about a domain's mail.",
    "gate": "Decide whether a campaign may go, by your policy: one exit code with a reason.",
    "message": "Audit a message before it is sent, or ten thousand.",
    "inbox": "Receive your own test mail, and audit each message as it came.",
    "recipients": "Check a list of recipients before it is mailed.",
    "dmarc": "Read DMARC reports: who sends as your domain, what passes, and who would be hit.",
    "tls": "Read SMTP TLS reports: which mail was not encrypted as it should be, and why.",
    "bounces": "Read returned mail: who could not be reached, why, and what to do.",
    "diff": "Show what changed between two stored audits.",
    "render": "Show a stored audit in any format.",
    "rates": "Turn the events of your sending service into rates.",
    "compare": "Compare before and after a change, and say what the evidence permits.",
    "plan": "Plan how many campaigns a change needs to show, and how it will be decided.",
    "ingest": "Keep events, normalised and without addresses, each once.",
    "config": "Check, start and complete a deliv.toml, the policy of a team.",
    "checks": "List every check.",
    "explain": "Explain one check: what it asks, why, how to fix it.",
    "schema": "Print the JSON Schema of a document.",
    "demo": "See the whole product on a sample sender, offline.",
}
"""Every command with its line in `deliv --help`, in that order; module `cli/<name>.py` holds it as `command`."""

EXIT_CODES = """
Exit codes: 0 done · 1 a fault at or above --fail-on · 2 usage, input or internal error · 3 could not determine.
"""

EPILOG = "Start with:  deliv audit example.com     or see it all on a sample:  deliv demo" + "\n" + EXIT_CODES


class Commands(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, in the order of the help."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in SUMMARIES:
            return None
        command: click.Command = import_module(f"deliverability.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The list in `--help`, from the summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


@click.group(
    cls=Commands,
    epilog="\b\n" + EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(f"{__version__} (rules of {RULESET})", prog_name="deliv", message="%(prog)s %(version)s")
def root() -> None:
    """Audit whether mail from a domain reaches people: every fault, its evidence, and the record to publish."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every error is one line on stderr."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")  # a terminal that lacks a character still gets the report
    try:
        code = root.main(list(arguments), prog_name="deliv", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        error.show()
        return Problem.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except SystemExit:
        return 0  # click's way out where whoever reads its help has seen enough
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        click.echo(f"deliv: {visible(what)[:200]}", err=True)
        return Problem.exit_code
    except Exception as error:
        if os.environ.get("DELIV_DEBUG"):
            raise
        click.echo(f"deliv: internal error: {type(error).__name__}: {visible(str(error))[:200]}", err=True)
        click.echo("Please report it; DELIV_DEBUG=1 shows where it happened.", err=True)
        return Problem.exit_code
    return code if isinstance(code, int) else 0
