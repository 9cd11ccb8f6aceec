"""Smaller and faster Runs from a trained one: export, quantize."""
