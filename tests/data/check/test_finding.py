from __future__ import annotations

from bertkit.data.check.finding import Finding, finding


def test_the_first_places_are_shown_and_all_are_counted() -> None:
    assert finding(["a:1", "a:2", "a:3", "a:4"]) == Finding(4, ("a:1", "a:2", "a:3"))
    assert str(finding(["a:1", "a:2", "a:3", "a:4"])) == "4 (a:1, a:2, a:3, ...)"
    assert str(finding(["a:1"])) == "1 (a:1)"
    assert str(finding([])) == "0"
