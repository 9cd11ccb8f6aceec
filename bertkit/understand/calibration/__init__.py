"""`bertkit calibration`: how far the confidence of a Run can be believed, and when it should abstain."""
