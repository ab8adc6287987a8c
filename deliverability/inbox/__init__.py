"""A mail server for one's own test mail: every step of the dialogue bounded, each message audited as it came."""
