"""SPF, RFC 7208: the record, its macros, what a receiver makes of it, and what an audit can say beforehand."""

from deliverability.protocols.spf.analyse import lookup
from deliverability.protocols.spf.evaluate import check_host
from deliverability.protocols.spf.facts import SpfFacts
from deliverability.protocols.spf.record import SpfRecord, is_spf, parse
from deliverability.protocols.spf.trace import Cause, CheckResult, Result, Step, StepOutcome

__all__ = [
    "Cause",
    "CheckResult",
    "Result",
    "SpfFacts",
    "SpfRecord",
    "Step",
    "StepOutcome",
    "check_host",
    "is_spf",
    "lookup",
    "parse",
]
