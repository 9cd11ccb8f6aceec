"""Figures by the libraries that the field trusts: what `bertkit eval --reference` holds bertkit's own against.

A Metric names its own (`Metric.reference`). Each is written from the library's documentation, shares no code with
bertkit's metrics, and imports its library when it is called.
"""
