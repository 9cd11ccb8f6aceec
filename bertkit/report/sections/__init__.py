"""Sections of the page of a Run: plain values for its templates."""
