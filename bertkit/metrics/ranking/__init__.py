"""How well documents are ranked for queries: by a re-ranker, or in a list that was retrieved."""
