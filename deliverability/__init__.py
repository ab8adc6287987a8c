"""deliv: an open email-deliverability auditing toolkit."""

__version__ = "0.1.0"

RULESET = "2026.11"
"""Year and month of the receiver rules and RFCs that this release judges by."""
