"""`bertkit errors`: wrong labels, repeated rows, weak slices and the data map of a Run's rows."""
