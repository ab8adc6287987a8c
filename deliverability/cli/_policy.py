"""A `deliv.toml` that is named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deliverability.cli._problem import Problem

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.policy.model import Judging, Policy


def policy_at(path: str) -> Policy:
    """The policy that the file is. Raises Problem."""
    from deliverability.policy.read import BadConfig, read_policy  # noqa: PLC0415 - only where there is one

    try:
        return read_policy(Path(path))
    except BadConfig as error:
        raise Problem(str(error)) from None
    except OSError as error:
        raise Problem(f"{path}: {error.strerror or error}") from None


def judging_of(policy: Policy | None, stored: Audit | None) -> Judging:
    """How checks judge: by the policy that is named, else as the stored audit did. Raises ValueError."""
    from deliverability.policy.model import Judging  # noqa: PLC0415 - loaded by then

    if policy is not None or stored is None or "policy" not in stored.options:
        return policy.judging if policy else Judging()
    from deliverability.policy.judging import from_plain  # noqa: PLC0415 - only where a document has a policy

    return from_plain(stored.options["policy"])
