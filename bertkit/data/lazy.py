"""A sequence whose elements are read or computed when they are accessed."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any


class LazySequence(Sequence[dict[str, Any]]):
    """Subclasses define `__len__` and `read`; indexing takes negative numbers, numpy integers and slices (a list)."""

    @abstractmethod
    def read(self, number: int) -> dict[str, Any]:
        """The element with this number, from 0 to the length less 1."""

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self.read(i) for i in range(*number.indices(len(self)))]
        place = operator.index(number)
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError(number)
        return self.read(place)
