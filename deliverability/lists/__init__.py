"""One run over a list of recipients: read, judged, written back."""
