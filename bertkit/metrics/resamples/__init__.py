"""Parts of the bootstrap (bootstrap.py): figures of all resamples at once, and the bounds that follow from them."""
