"""What DNS says about mail: pure parsers that keep positions, and lookups that return the whole trail."""
