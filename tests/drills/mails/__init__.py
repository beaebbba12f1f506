"""Makes readers and tells each of them something that is mailed."""
