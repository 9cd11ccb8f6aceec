"""`bertkit projector`: rows as points of a plane, by their vectors."""
