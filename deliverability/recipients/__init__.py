"""A mailing list before it is used: every address judged by its syntax, its domain and what is known of both."""
