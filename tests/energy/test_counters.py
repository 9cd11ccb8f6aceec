from __future__ import annotations

import math

from bertkit.energy.counters import Counter, Sources


def test_a_counter_has_no_bounds_unless_they_are_given() -> None:
    counter = Counter("package-0", "counter RAPL", lambda: 3.5)
    assert counter.read() == 3.5
    assert counter.wrap_at == () and counter.max_watts == math.inf


def test_sources_are_not_shared() -> None:
    Sources().missing.append("GPU 0")
    assert Sources().missing == [] and Sources().counters == []
