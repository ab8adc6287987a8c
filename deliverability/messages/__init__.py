"""Messages that an audit is given: one, or thousands in bounded memory."""
