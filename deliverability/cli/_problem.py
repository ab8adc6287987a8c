"""What went wrong, in one line."""

from __future__ import annotations

from typing import IO, Any

import click

from deliverability.text import visible


class Problem(click.ClickException):
    """Bad input or usage: one clear line on stderr (what, where, what to do), exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line."""
        click.echo(f"deliv: {visible(' '.join(self.message.split()))}", file=file, err=file is None)
