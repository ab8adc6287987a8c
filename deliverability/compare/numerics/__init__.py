"""What the figures are worked out with: distributions, resampling, regression; the standard library alone."""
