"""Documents in order of time -> events, in one pass.

Each document joins the nearest event whose last document is not too long ago, if it is near enough; else it begins an
event: single-pass clustering of Allan, Papka and Lavrenko 1998, "On-line new event detection and tracking". Nearness is
the cosine with the mean vector of the event (see scale.py) and, as in Miranda et al. 2018, that of TF-IDF weights. Both
are multiplied by a factor that falls with the time since the event's last document (Yang, Pierce and Carbonell 1998).
An event that was begun is never divided or merged with another: that is the price of adding documents without reading
the old ones again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.data.times import DAY, day_of
from bertkit.errors import DataError, Parameter, Problem
from bertkit.search.events.documents import TimedText
from bertkit.search.events.scale import is_chinese
from bertkit.search.events.words import Bag, WordCounts

Array = NDArray[Any]

WORDS = 0.5
"""Share of TF-IDF in the similarity; chosen on the tuning half of benchmarks/events (benchmarks/track.py)."""
DECAY = 0.5
"""What the factor of time has lost at the end of the window; chosen there too."""
CHUNK = 256
"""Documents whose products with all open events are computed at once."""
SHORT = 16
"""Events, the nearest by their vectors, whose words are compared."""
CENTRAL = 8
"""Documents of an event that may become its title."""


@dataclass(frozen=True)
class TrackOptions:
    """How documents are joined; defaults are the best of the tuning half of benchmarks/events (benchmarks/track.py)."""

    threshold: float = 0.18
    """Least similarity, times the factor of time, to join an event."""
    window: float = 21.0
    """Days after the last document of an event at which it ends."""
    least: int = 3
    """Documents of an event; smaller ones are singles."""

    def check(self) -> None:
        """Raise a DataError for values that mean nothing."""
        problems = []
        if not 0 <= self.threshold <= 1:
            todo = "a lower one makes fewer and larger events; default: 0.18"
            problems.append(Problem(Parameter("threshold"), f"{self.threshold:g} is not from 0 to 1", todo))
        if not 0 < self.window < math.inf:
            problems.append(Problem(Parameter("window"), f"{self.window:g} is no number of days", "21 is the default"))
        if self.least < 1:
            problems.append(Problem(Parameter("least"), f"{self.least} is below 1", "3 is the default"))
        if problems:
            raise DataError(*problems)


@dataclass
class Event:
    """What is known of an event, besides the sum of its vectors."""

    size: int
    """Documents."""
    bag: Bag
    square: float
    """Sum of the squares of the bag's weights."""
    days: dict[int, int]
    """Day (see times.py) -> documents."""
    central: list[tuple[int, Array]] = field(default_factory=list)
    """The number of a document and its vector: those nearest to the mean when the last ones came, at most `CENTRAL`."""


class Joined(NamedTuple):
    """Where a document belongs."""

    event: int
    similarity: float
    """With the event as it was, before the factor of time; NaN for the document that began it."""


class Clusters:
    """All events so far: a row per event in each array, and free rows at the end."""

    def __init__(self, options: TrackOptions, size: int, scale: tuple[float, float] = (0.0, 0.0)):
        """Args:
        size: of the vectors.
        scale: see `scale_of`.
        """
        self.options, self.scale, self.lexicon = options, scale, WordCounts()
        self.events: list[Event] = []
        self.sums = np.zeros((0, size), np.float32)
        """`(event, size)`: of the vectors of its documents; `units` has them with length 1."""
        self.units = np.zeros((0, size), np.float32)
        self.firsts, self.lasts = np.zeros(0), np.zeros(0)
        """Times of the first and the last document, in seconds."""

    def add(self, vectors: Array, documents: Sequence[TimedText], number: int) -> list[Joined]:
        """Join documents to events, one after the other.

        Args:
            vectors: `(document, size)` of length 1.
            documents: by time; those older than earlier ones see the events as they are now.
            number: of the first of them, counted over all that were ever added.
        """
        found = []
        for start in range(0, len(documents), CHUNK):
            part = slice(start, start + CHUNK)
            found += self._add_chunk(vectors[part], documents[part], number + start)
        return found

    def _add_chunk(self, vectors: Array, documents: Sequence[TimedText], number: int) -> list[Joined]:
        """One product of all with all, and after each document one with the event that it changed."""
        reach = self.options.window * DAY
        times, count = [one.time for one in documents], len(self.events)
        within = (self.firsts[:count] <= max(times) + reach) & (self.lasts[:count] >= min(times) - reach)
        numbers = np.concatenate([np.flatnonzero(within), np.zeros(len(documents), np.int64)])
        count = len(numbers) - len(documents)  # the places at the end are for events that begin here
        near = np.zeros((len(documents), len(numbers)), np.float32)  # (document, open event)
        near[:, :count] = vectors @ self.units[numbers[:count]].T
        found = []
        for place, document in enumerate(documents):
            bag = self.lexicon.read(document.text)
            usual = self.scale[0 if is_chinese(document.text) else 1]
            cosines = (near[place, :count] - usual) / (1 - usual)
            column, similarity = self._nearest(cosines, numbers[:count], document.time, bag)
            if column < 0:
                column, count = count, count + 1
                numbers[column] = self._begin(vectors[place], bag, document.time)
            else:
                self._join(int(numbers[column]), vectors[place], bag, document.time)
            event = int(numbers[column])
            self._remember(event, number + place, vectors[place])
            near[place + 1 :, column] = vectors[place + 1 :] @ self.units[event]
            found.append(Joined(event, similarity))
        return found

    def _nearest(self, near: Array, numbers: Array, time: float, bag: Bag) -> tuple[int, float]:
        """The column of the nearest event and its similarity; -1 and NaN if none is near enough.

        Args:
            near: `(open event,)` cosines with the document, on the scale.
            numbers: of these events.
        """
        window = self.options.window * DAY
        away = np.maximum(np.maximum(self.firsts[numbers] - time, time - self.lasts[numbers]), 0)  # (open event,)
        factors = 1 - DECAY * away / window
        rated = np.where(away <= window, near * factors, -np.inf)
        floor = np.partition(rated, -SHORT)[-SHORT] if len(rated) > SHORT else -np.inf
        best, column, similarity = self.options.threshold, -1, math.nan
        for one in np.flatnonzero((rated >= floor) & (away <= window)).tolist():  # of equal ones the oldest
            if (1 - WORDS) * max(rated[one], 0) + WORDS * factors[one] < best:
                continue
            event = self.events[numbers[one]]
            alike = event.bag.dot(bag) / math.sqrt(event.square) if event.square else 0.0
            whole = (1 - WORDS) * max(float(near[one]), 0) + WORDS * alike
            score = whole * float(factors[one])
            if score > best or (column < 0 and score >= best):
                best, column, similarity = score, one, whole
        return column, similarity

    def _begin(self, vector: Array, bag: Bag, time: float) -> int:
        number = len(self.events)
        if number == len(self.sums):
            self._grow()
        self.events.append(Event(1, bag, float(bag.weights @ bag.weights), {day_of(time): 1}))
        self.sums[number] = self.units[number] = vector
        self.firsts[number] = self.lasts[number] = time
        return number

    def _join(self, number: int, vector: Array, bag: Bag, time: float) -> None:
        event, day = self.events[number], day_of(time)
        event.square += 2 * event.bag.dot(bag) + float(bag.weights @ bag.weights)
        event.bag, event.size = event.bag.plus(bag), event.size + 1
        event.days[day] = event.days.get(day, 0) + 1
        self.sums[number] += vector
        self.units[number] = self.sums[number] / max(float(np.linalg.norm(self.sums[number])), 1e-12)
        self.firsts[number] = min(self.firsts[number], time)
        self.lasts[number] = max(self.lasts[number], time)

    def _remember(self, number: int, document: int, vector: Array) -> None:
        """Keep a document as one that may be the title; of too many the farthest from the mean goes."""
        central = self.events[number].central
        central.append((document, vector))
        if len(central) > CENTRAL:
            products = [float(own @ self.units[number]) for _, own in central]
            del central[len(products) - 1 - int(np.argmin(products[::-1]))]  # of equal ones the last

    def title(self, number: int) -> int:
        """The number of the document nearest to the mean of an event; of equal ones the first."""
        central = self.events[number].central
        return central[int(np.argmax([round(float(own @ self.units[number]), 6) for _, own in central]))][0]

    def _grow(self) -> None:
        free = max(256, len(self.sums))
        self.sums, self.units = (np.pad(one, ((0, free), (0, 0))) for one in (self.sums, self.units))
        self.firsts, self.lasts = (np.pad(one, (0, free)) for one in (self.firsts, self.lasts))
