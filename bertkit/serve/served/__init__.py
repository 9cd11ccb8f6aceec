"""The models and indexes that a server has open: behind the queue, by name, replaced and proven."""
