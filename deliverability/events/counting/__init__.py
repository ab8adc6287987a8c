"""From canonical rows to counts: staged narrow, folded to messages, judged, added up."""
