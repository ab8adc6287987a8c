"""Where every rule comes from: one place for RFCs and receivers' requirements, with date and status."""

from __future__ import annotations

from deliverability.fastclass import dataclass
from deliverability.findings import Reference


@dataclass(frozen=True, slots=True)
class Source:
    """A document that rules are taken from. `date` is its publication or the day it was last read (ISO)."""

    title: str
    date: str
    url: str
    status: str = ""
    replaced_by: str = ""


def _rfc(number: int, title: str, date: str, status: str = "", replaced_by: str = "") -> Source:
    return Source(title, date, f"https://www.rfc-editor.org/rfc/rfc{number}", status, replaced_by)


SOURCES: dict[str, Source] = {
    "RFC 1034": _rfc(1034, "Domain names: concepts and facilities", "1987-11", "Internet Standard"),
    "RFC 1035": _rfc(1035, "Domain names: implementation and specification", "1987-11", "Internet Standard"),
    "RFC 1468": _rfc(1468, "Japanese Character Encoding for Internet Messages", "1993-06", "Informational"),
    "RFC 1952": _rfc(1952, "GZIP File Format Specification version 4.3", "1996-05", "Informational"),
    "RFC 2045": _rfc(2045, "MIME Part One: Format of Internet Message Bodies", "1996-11", "Draft Standard"),
    "RFC 2046": _rfc(2046, "MIME Part Two: Media Types", "1996-11", "Draft Standard"),
    "RFC 2047": _rfc(
        2047, "MIME Part Three: Message Header Extensions for Non-ASCII Text", "1996-11", "Draft Standard"
    ),
    "RFC 2076": _rfc(2076, "Common Internet Message Headers", "1997-02", "Informational"),
    "RFC 2104": _rfc(2104, "HMAC: Keyed-Hashing for Message Authentication", "1997-02", "Informational"),
    "RFC 2142": _rfc(2142, "Mailbox Names for Common Services, Roles and Functions", "1997-05", "Proposed Standard"),
    "RFC 2181": _rfc(2181, "Clarifications to the DNS Specification", "1997-07", "Proposed Standard"),
    "RFC 2308": _rfc(2308, "Negative Caching of DNS Queries", "1998-03", "Proposed Standard"),
    "RFC 2369": _rfc(2369, "URLs as Meta-Syntax for Core Mail List Commands", "1998-07", "Proposed Standard"),
    "RFC 2606": _rfc(2606, "Reserved Top Level DNS Names", "1999-06", "Best Current Practice"),
    "RFC 2919": _rfc(
        2919, "List-Id: A Structured Field and Namespace for Mailing Lists", "2001-03", "Proposed Standard"
    ),
    "RFC 3164": _rfc(3164, "The BSD Syslog Protocol", "2001-08", "Obsolete", "RFC 5424"),
    "RFC 3339": _rfc(3339, "Date and Time on the Internet: Timestamps", "2002-07", "Proposed Standard"),
    "RFC 3461": _rfc(3461, "SMTP Service Extension for Delivery Status Notifications", "2003-01", "Draft Standard"),
    "RFC 3464": _rfc(
        3464, "An Extensible Message Format for Delivery Status Notifications", "2003-01", "Draft Standard"
    ),
    "RFC 3463": _rfc(3463, "Enhanced Mail System Status Codes", "2003-01", "Draft Standard"),
    "RFC 3597": _rfc(3597, "Handling of Unknown DNS Resource Record Types", "2003-09", "Proposed Standard"),
    "RFC 3834": _rfc(3834, "Recommendations for Automatic Responses to Electronic Mail", "2004-08"),
    "RFC 3986": _rfc(3986, "Uniform Resource Identifier (URI): Generic Syntax", "2005-01", "Internet Standard"),
    "RFC 4007": _rfc(4007, "IPv6 Scoped Address Architecture", "2005-03", "Proposed Standard"),
    "RFC 4034": _rfc(4034, "Resource Records for the DNS Security Extensions", "2005-03", "Proposed Standard"),
    "RFC 4035": _rfc(4035, "Protocol Modifications for the DNS Security Extensions", "2005-03", "Proposed Standard"),
    "RFC 4155": _rfc(4155, "The application/mbox Media Type", "2005-09", "Informational"),
    "RFC 4180": _rfc(
        4180, "Common Format and MIME Type for Comma-Separated Values (CSV) Files", "2005-10", "Informational"
    ),
    "RFC 4408": _rfc(4408, "Sender Policy Framework, version 1 (first edition)", "2006-04", "Obsolete", "RFC 7208"),
    "RFC 4592": _rfc(4592, "The Role of Wildcards in the Domain Name System", "2006-07", "Proposed Standard"),
    "RFC 4871": _rfc(4871, "DomainKeys Identified Mail Signatures (first edition)", "2007-05", "Obsolete", "RFC 6376"),
    "RFC 5234": _rfc(5234, "Augmented BNF for Syntax Specifications: ABNF", "2008-01", "Internet Standard"),
    "RFC 5280": _rfc(5280, "Internet X.509 PKI Certificate and CRL Profile", "2008-05", "Proposed Standard"),
    "RFC 5321": _rfc(5321, "Simple Mail Transfer Protocol", "2008-10", "Draft Standard"),
    "RFC 5322": _rfc(5322, "Internet Message Format", "2008-10", "Draft Standard"),
    "RFC 5424": _rfc(5424, "The Syslog Protocol", "2009-03", "Proposed Standard"),
    "RFC 5452": _rfc(
        5452, "Measures for Making DNS More Resilient against Forged Answers", "2009-01", "Proposed Standard"
    ),
    "RFC 5617": _rfc(5617, "DKIM Author Domain Signing Practices (ADSP)", "2009-08", "Historic"),
    "RFC 5782": _rfc(5782, "DNS Blacklists and Whitelists", "2010-02", "Informational"),
    "RFC 5891": _rfc(5891, "Internationalized Domain Names in Applications: Protocol", "2010-08", "Proposed Standard"),
    "RFC 5952": _rfc(5952, "A Recommendation for IPv6 Address Text Representation", "2010-08", "Proposed Standard"),
    "RFC 5965": _rfc(5965, "An Extensible Format for Email Feedback Reports", "2010-08", "Proposed Standard"),
    "RFC 6068": _rfc(6068, "The 'mailto' URI Scheme", "2010-10", "Proposed Standard"),
    "RFC 6376": _rfc(6376, "DomainKeys Identified Mail (DKIM) Signatures", "2011-09", "Internet Standard"),
    "RFC 6430": _rfc(6430, "Email Feedback Report Type Value: not-spam", "2011-11", "Proposed Standard"),
    "RFC 6522": _rfc(6522, "The Multipart/Report Media Type", "2012-01", "Internet Standard"),
    "RFC 6531": _rfc(6531, "SMTP Extension for Internationalized Email", "2012-02", "Proposed Standard"),
    "RFC 6532": _rfc(6532, "Internationalized Email Headers", "2012-02", "Proposed Standard"),
    "RFC 6533": _rfc(
        6533, "Internationalized Delivery Status and Disposition Notifications", "2012-02", "Proposed Standard"
    ),
    "RFC 6591": _rfc(
        6591, "Authentication Failure Reporting Using the Abuse Reporting Format", "2012-04", "Proposed Standard"
    ),
    "RFC 6651": _rfc(6651, "Extensions to DKIM for Failure Reporting", "2012-06", "Proposed Standard"),
    "RFC 6672": _rfc(6672, "DNAME Redirection in the DNS", "2012-06", "Proposed Standard"),
    "RFC 6761": _rfc(6761, "Special-Use Domain Names", "2013-02", "Proposed Standard"),
    "RFC 6840": _rfc(
        6840, "Clarifications and Implementation Notes for DNS Security (DNSSEC)", "2013-02", "Proposed Standard"
    ),
    "RFC 6854": _rfc(6854, "Group Syntax in the From: and Sender: Header Fields", "2013-03", "Proposed Standard"),
    "RFC 6891": _rfc(6891, "Extension Mechanisms for DNS (EDNS(0))", "2013-04", "Internet Standard"),
    "RFC 6973": _rfc(6973, "Privacy Considerations for Internet Protocols", "2013-07", "Informational"),
    "RFC 7208": _rfc(7208, "Sender Policy Framework (SPF), Version 1", "2014-04", "Proposed Standard"),
    "RFC 7372": _rfc(7372, "Email Authentication Status Codes", "2014-09", "Proposed Standard"),
    "RFC 7464": _rfc(7464, "JavaScript Object Notation (JSON) Text Sequences", "2015-02", "Proposed Standard"),
    "RFC 7489": _rfc(
        7489, "Domain-based Message Authentication (DMARC), first edition", "2015-03", "Obsolete", "RFC 9989"
    ),
    "RFC 7505": _rfc(7505, 'A "Null MX" No Service Resource Record', "2015-06", "Proposed Standard"),
    "RFC 7766": _rfc(7766, "DNS Transport over TCP", "2016-03", "Proposed Standard"),
    "RFC 7858": _rfc(7858, "DNS over Transport Layer Security", "2016-05", "Proposed Standard"),
    "RFC 8017": _rfc(8017, "PKCS #1: RSA Cryptography Specifications, version 2.2", "2016-11", "Informational"),
    "RFC 8020": _rfc(8020, "NXDOMAIN: There Really Is Nothing Underneath", "2016-11", "Proposed Standard"),
    "RFC 8058": _rfc(8058, "Signaling One-Click Functionality for List Email Headers", "2017-01", "Proposed Standard"),
    "RFC 8098": _rfc(8098, "Message Disposition Notification", "2017-02", "Internet Standard"),
    "RFC 8259": _rfc(
        8259, "The JavaScript Object Notation (JSON) Data Interchange Format", "2017-12", "Internet Standard"
    ),
    "RFC 8301": _rfc(8301, "Cryptographic Algorithm and Key Usage Update to DKIM", "2018-01", "Proposed Standard"),
    "RFC 8310": _rfc(8310, "Usage Profiles for DNS over TLS and DNS over DTLS", "2018-03", "Proposed Standard"),
    "RFC 8410": _rfc(8410, "Algorithm Identifiers for Ed25519 and others", "2018-08", "Proposed Standard"),
    "RFC 8460": _rfc(8460, "SMTP TLS Reporting", "2018-09", "Proposed Standard"),
    "RFC 8461": _rfc(8461, "SMTP MTA Strict Transport Security (MTA-STS)", "2018-09", "Proposed Standard"),
    "RFC 8463": _rfc(8463, "Ed25519-SHA256 for DKIM", "2018-09", "Proposed Standard"),
    "RFC 8484": _rfc(8484, "DNS Queries over HTTPS (DoH)", "2018-10", "Proposed Standard"),
    "RFC 8552": _rfc(8552, "Scoped Interpretation of DNS Resource Records through Underscored Naming", "2019-03"),
    "RFC 8601": _rfc(8601, "Message Header Field for Indicating Message Authentication Status", "2019-05"),
    "RFC 8616": _rfc(8616, "Email Authentication for Internationalized Mail", "2019-06", "Proposed Standard"),
    "RFC 8617": _rfc(8617, "The Authenticated Received Chain (ARC) Protocol", "2019-07", "Experimental"),
    "RFC 8689": _rfc(8689, "SMTP Require TLS Option", "2019-11", "Proposed Standard"),
    "RFC 8878": _rfc(8878, "Zstandard Compression and the application/zstd Media Type", "2021-02", "Informational"),
    "RFC 9210": _rfc(9210, "DNS Transport over TCP: Operational Requirements", "2022-03", "Best Current Practice"),
    "RFC 9520": _rfc(9520, "Negative Caching of DNS Resolution Failures", "2023-12", "Proposed Standard"),
    "RFC 9989": _rfc(
        9989, "Domain-based Message Authentication, Reporting, and Conformance (DMARC)", "2026-05", "Proposed Standard"
    ),
    "RFC 9990": _rfc(9990, "DMARC Aggregate Reporting", "2026-05", "Proposed Standard"),
    "RFC 9991": _rfc(9991, "DMARC Failure Reporting", "2026-05", "Proposed Standard"),
    "Gmail sender guidelines": Source(
        "Email sender guidelines", "2026-07", "https://support.google.com/a/answer/81126", "Receiver's rule"
    ),
    "Yahoo sender requirements": Source(
        "Sender Best Practices", "2026-07", "https://senders.yahooinc.com/best-practices/", "Receiver's rule"
    ),
    "Outlook sender requirements": Source(
        "Outlook's requirements for high-volume senders",
        "2026-07",
        "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/4399730",
        "Receiver's rule",
    ),
    "Gmail SMTP errors": Source(
        "Gmail SMTP errors and codes",
        "2026-11",
        "https://knowledge.workspace.google.com/admin/support/troubleshooting/gmail-smtp-errors-and-codes",
        "Receiver's rule",
    ),
    "Gmail feedback loop": Source(
        "Feedback loop (Feedback-ID)", "2026-11", "https://support.google.com/a/answer/6254652", "Receiver's rule"
    ),
    "Gmail clipping": Source(
        "Measuring Gmail clipping limit",
        "2018-05",
        "https://github.com/hteumeuleu/email-bugs/issues/41",
        "Measured by senders; Gmail names no figure",
    ),
    "Postfix limits": Source(
        "Postfix configuration parameters: message_size_limit",
        "2026-11",
        "https://www.postfix.org/postconf.5.html#message_size_limit",
        "Default of a mail server",
    ),
    "Gmail Postmaster Tools": Source(
        "Postmaster Tools API, version 2",
        "2026-06",
        "https://developers.google.com/workspace/gmail/postmaster/reference/rest/v2",
        "Receiver's figures",
    ),
    "Outlook SNDS": Source(
        "Smart Network Data Services",
        "2026-06",
        "https://sendersupport.olc.protection.outlook.com/snds/",
        "Receiver's figures",
    ),
    "Yahoo Sender Hub": Source("Sender Hub", "2025-10", "https://senders.yahooinc.com/", "Receiver's figures"),
    "Amazon SES enforcement": Source(
        "Amazon SES sending review process FAQs",
        "2026-11",
        "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html",
        "Sending service's rule",
    ),
    "Twilio SendGrid events": Source(
        "Event Webhook reference",
        "2026-11",
        "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event",
        "Sending service's documentation",
    ),
    "IANA special-purpose registries": Source(
        "Special-Purpose Address Registries",
        "2026-10",
        "https://www.iana.org/assignments/iana-ipv4-special-registry",
        "",
    ),
    "Generic naming schemes": Source(
        "Suggested Generic DNS Naming Schemes for Large Networks and Unassigned Hosts",
        "2006-04",
        "https://datatracker.ietf.org/doc/draft-msullivan-dnsop-generic-naming-schemes/",
        "Expired Internet-Draft",
    ),
    "FIPS 186-5": Source(
        "Digital Signature Standard", "2023-02", "https://doi.org/10.6028/NIST.FIPS.186-5", "US federal standard"
    ),
    "ROCA": Source(
        "The Return of Coppersmith's Attack (ACM CCS 2017)",
        "2017-10",
        "https://crocs.fi.muni.cz/public/papers/rsa_ccs17",
        "CVE-2017-15361",
    ),
    "SpamAssassin configuration": Source(
        "Mail::SpamAssassin::Conf: required_score",
        "2024-09",
        "https://spamassassin.apache.org/full/4.0.x/doc/Mail_SpamAssassin_Conf.html",
        "Default of a spam filter",
    ),
    "rspamd actions": Source(
        "Rspamd actions and scores",
        "2026-11",
        "https://rspamd.com/doc/configuration/metrics.html",
        "Default of a spam filter",
    ),
    "disposable-email-domains": Source(
        "A list of disposable and temporary email address domains (CC0 1.0)",
        "2026-08-21",
        "https://github.com/disposable-email-domains/disposable-email-domains",
        "Community list",
    ),
    "M3AAWG": Source(
        "M3AAWG best practices for protecting parked domains",
        "2022-06",
        "https://www.m3aawg.org/published-documents",
        "",
    ),
}


def rfc(number: int, section: str = "") -> Reference:
    """A section of an RFC. Raises KeyError if the RFC is not in `SOURCES`."""
    return source(f"RFC {number}", section)


def source(name: str, section: str = "") -> Reference:
    """A section of any listed source. Raises KeyError if it is not in `SOURCES`."""
    if name not in SOURCES:
        raise KeyError(name)
    return Reference(name, section)
