"""What receivers report back: DMARC aggregate and failure reports, TLS reports, postmaster data."""
