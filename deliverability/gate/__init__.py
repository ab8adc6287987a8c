"""May this campaign go? What was found held against a policy: the decision as data, and how it comes about."""
