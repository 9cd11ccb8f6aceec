"""Keywords: the phrases of a text that say what it is about, with the places where they stand."""
