"""From files to canonical rows: what a file is, whose rows it holds, and the fastest reading that loses nothing."""
