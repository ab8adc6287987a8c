"""A `deliv.toml` that is named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.cli._problem import Problem

if TYPE_CHECKING:
    from deliverability.policy.model import Policy


def policy_at(path: str) -> Policy:
    """The policy that the file is. Raises Problem."""
    from deliverability.policy.read import BadConfig, read_policy  # noqa: PLC0415 - only where there is one

    try:
        return read_policy(Path(path))
    except BadConfig as error:
        raise Problem(str(error)) from None
    except OSError as error:
        raise Problem(f"{path}: {error.strerror or error}") from None
