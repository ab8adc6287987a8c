"""One message as it is on the wire: its header, its parts, its links, as facts without an address of a recipient."""
