"""`deliv.toml`: what a team decided, read, checked and explained."""
