"""What happened to the mail: events of every sending service in one vocabulary, and what they add up to."""
