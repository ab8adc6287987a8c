"""Whose message it is: DKIM, SPF, DMARC and ARC, with the keys of DNS and the connection it came over."""
