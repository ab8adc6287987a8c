"""Files as they come: paths, compression, mailboxes, and what could not be read; every step bounded."""
