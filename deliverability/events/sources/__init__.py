"""One data-like module for each service whose events are read; `SOURCES` lists them."""
