"""Every limit of SPF in one place, each with its source."""

from __future__ import annotations

MAX_LOOKUP_TERMS = 10
"""RFC 7208 §4.6.4, MUST: `include a mx ptr exists redirect` evaluated in one check, nested ones included."""
MAX_VOID_LOOKUPS = 2
"""RFC 7208 §4.6.4, SHOULD: lookups that find nothing; the third is permerror."""
MAX_MX_NAMES = 10
"""RFC 7208 §4.6.4, MUST: address lookups of one `mx`; an eleventh MX record is permerror."""
MAX_PTR_NAMES = 10
"""RFC 7208 §4.6.4, MUST: names of one PTR answer that are followed; the rest are ignored."""
TIMEOUT_SECONDS = 20.0
"""RFC 7208 §4.6.4, SHOULD allow at least: wall clock of one check; past it the result is temperror."""
MAX_TARGET_OCTETS = 253
"""RFC 7208 §7.3: labels are dropped from the left of a longer expansion."""

RRSET_ADVISED_OCTETS = 450
"""RFC 7208 §3.4: owner name and all its TXT data together, so that the answer fits 512 octets of UDP."""
UDP_OCTETS = 512
"""RFC 1035 §2.3.4: a UDP answer without EDNS."""
STRING_OCTETS = 255
"""RFC 1035 §3.3: one character-string."""

MAX_TREE_NODES = 500
"""Ours: records of one tree that are looked at. The largest real tree met has under a hundred."""
MAX_TREE_DEPTH = 20
"""Ours: includes within includes that are followed; no evaluation can pass ten."""
MAX_QUESTIONS = 1000
"""Ours: DNS questions for the addresses of one tree."""
MAX_MISSING_NAMES = 50
"""Ours: names without DNS entry whose registrable domain is asked."""
