"""How an audit is shown. No logic: everything comes from the audit document."""
