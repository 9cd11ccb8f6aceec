"""Parts: every row in one of them, within its shard, with the rows around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.data.stream import Taken
from bertkit.inference.bulk.formats import Lines
from bertkit.inference.bulk.parts import PartPlan, content_of, parts, read_part, write_part
from bertkit.inference.seen import Seen


@pytest.mark.parametrize("rows", [1, 7, 30, 31])
@pytest.mark.parametrize("shard", [0, 1, 5, 8, 30, 100])
@pytest.mark.parametrize("size", [1, 3, 5, 100])
def test_every_row_is_in_one_part_of_one_shard(rows: int, shard: int, size: int) -> None:
    plan = PartPlan(rows, shard, size)
    assert [row for part in range(plan.parts) for row in plan.rows_of(part)] == list(range(rows))
    assert [part for one in range(plan.shards) for part in plan.parts_of(one)] == list(range(plan.parts))
    for one in range(plan.shards):
        held = [row for part in plan.parts_of(one) for row in plan.rows_of(part)]
        assert held == list(range(rows))[one * shard : (one + 1) * shard] if shard else list(range(rows))
    assert all(0 < len(plan.rows_of(part)) <= size for part in range(plan.parts))


@pytest.mark.parametrize("margin", [0, 2, 50])
def test_wanted_parts_have_the_rows_around_them(margin: int) -> None:
    rows: list[Any] = [Taken({"n": n}, {"n": n}) for n in range(17)]
    plan = PartPlan(17, size=4)
    found = list(parts(iter(rows), plan, margin, lambda part: part in (1, 2, 4)))
    assert [part.number for part in found] == [1, 2, 4]
    for part in found:
        own = plan.rows_of(part.number)
        assert part.rows == rows[own.start : own.stop]
        assert part.before == rows[max(0, own.start - margin) : own.start]
        assert part.after == rows[own.stop : own.stop + margin]


def test_a_part_is_read_as_it_was_written_or_is_damaged(tmp_path: Path) -> None:
    file, seen = tmp_path / "000001.part", Seen(2, 9, {"texts": 2}, {"long": 1}, ["x"])
    write_part(file, content_of(Lines().piece([{"a": "\u2028"}, {"a": 1}], []), seen, 2))
    stored = read_part(file, check=True)
    assert (stored.rows, stored.seen) == (2, seen)
    assert stored.piece.payload().decode() == '{"a": "\u2028"}\n{"a": 1}\n'
    content = file.read_bytes()
    for damaged in (content[:-1], content[:20], b"", content.replace(b'"a"', b'"b"'), b"[]\n"):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"."):
            read_part(file, check=True)
