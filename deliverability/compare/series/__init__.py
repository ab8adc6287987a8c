"""Campaigns in order of time: what jumps at the change, and where the series breaks by itself."""
