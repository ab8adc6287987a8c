"""DMARC: the policy record, which one applies to a name, and where its reports go."""

from deliverability.protocols.dmarc.discover import Discovery, DiscoveryStatus, LegacyDiscovery, discover
from deliverability.protocols.dmarc.facts import DmarcFacts, Published, lookup
from deliverability.protocols.dmarc.record import DmarcRecord, Effect, Policy, Problem, ProblemKind, is_dmarc, parse
from deliverability.protocols.dmarc.repair import VersionFault, repaired, version_fault
from deliverability.protocols.dmarc.reports import Authorisation, Destination, Mailbox

__all__ = [
    "Authorisation",
    "Destination",
    "Discovery",
    "DiscoveryStatus",
    "DmarcFacts",
    "DmarcRecord",
    "Effect",
    "LegacyDiscovery",
    "Mailbox",
    "Policy",
    "Problem",
    "ProblemKind",
    "Published",
    "VersionFault",
    "discover",
    "is_dmarc",
    "lookup",
    "parse",
    "repaired",
    "version_fault",
]
