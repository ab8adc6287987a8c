"""`make bench`: whole processes in pairs, medians, ratios. Nothing here is a test; a loaded machine proves nothing."""
