"""One mail: what a bounce, a complaint or a report says."""
