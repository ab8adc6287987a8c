"""What can be said of a figure and of a difference between figures: intervals, and what they rest on."""
