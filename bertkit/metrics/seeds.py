"""The standard deviation of a figure over seeds, and its 95% interval over rows and seeds.

Rows and seeds are both samples: other test rows would give another figure, and so would other seeds. All seeds are
scored on the same rows, so the error due to the rows is the same for all seeds and does not average out; only the
error due to the seeds does. With the standard error of the rows, s_r, and the standard deviation of n seeds, s, the
half width of the interval is

    sqrt((1.96 s_r)^2 + (t s / sqrt(n))^2),    t: Student's, n - 1 degrees of freedom, 0.975

s_r is the mean width of the Runs' bootstrap intervals over rows, divided by 3.92 (1.96 to each side). One seed has no
s: its interval is that of the rows alone, which says nothing about other seeds. A figure without an interval over rows
(a loss) has none here. The price: the interval is wide, as t is large for few seeds (12.7 for two, 4.3 for three), and
may exceed the range of the figure. Two models scored on the same rows may differ significantly even if their intervals
overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Z = 1.96
Span = tuple[float, float]


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation of a sample (divided by n - 1); None of a single value."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def interval(values: Sequence[float], spans: Sequence[Span | None]) -> Span | None:
    """The 95% interval of a figure over rows and seeds (see above).

    Args:
        values: the figure, one per seed.
        spans: its 95% interval over rows, one per seed; None: no interval.
    """
    known = [span for span in spans if span is not None]
    if not known or len(known) < len(values):
        return None
    if len(values) == 1:
        return known[0]
    from scipy.special import stdtrit  # Student's t; scipy.stats takes a second to import

    n = len(values)
    rows = math.fsum(high - low for low, high in known) / n / (2 * Z)  # the standard error of the rows
    seeds = (deviation(values) or 0.0) / math.sqrt(n)
    half = math.hypot(Z * rows, float(stdtrit(n - 1, 0.975)) * seeds)
    mean = math.fsum(values) / n
    return mean - half, mean + half
