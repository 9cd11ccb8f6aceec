"""`bertkit speed`: how fast models answer, by rows per call and by length."""
