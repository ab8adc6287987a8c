"""DMARC: the policy record, which one applies to a name, and where its reports go."""

from deliverability.protocols.dmarc.discover import Discovery, DiscoveryStatus, LegacyDiscovery, discover
from deliverability.protocols.dmarc.record import DmarcRecord, Policy, is_dmarc, parse

__all__ = ["Discovery", "DiscoveryStatus", "DmarcRecord", "LegacyDiscovery", "Policy", "discover", "is_dmarc", "parse"]
