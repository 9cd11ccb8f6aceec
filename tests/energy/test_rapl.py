"""Which counters of a planted /sys/class/powercap are read, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bertkit.energy import rapl
from tests.energy.fakes import Domain


def names(powercap: Path) -> list[str]:
    return [counter.name for counter in rapl.open_counters().counters]


def test_packages_and_memory_count_and_nothing_counts_twice(powercap: Path) -> None:
    (powercap / "intel-rapl").mkdir()  # the control type
    for number in (0, 1):
        package = Domain(powercap / f"intel-rapl:{number}", f"package-{number}", 5_000_000)
        Domain(package.folder / f"intel-rapl:{number}:0", "core", 4_000_000)
        Domain(package.folder / f"intel-rapl:{number}:1", "uncore", 1_000_000)
        Domain(package.folder / f"intel-rapl:{number}:2", "dram", 2_000_000)
    (powercap / "intel-rapl:0:2").symlink_to(powercap / "intel-rapl:0" / "intel-rapl:0:2")  # as in /sys/class
    Domain(powercap / "intel-rapl:2", "psys", 9_000_000)
    Domain(powercap / "intel-rapl-mmio:0", "package-0", 5_000_000)
    found = rapl.open_counters()
    assert [counter.name for counter in found.counters] == [
        *("package-0", "package-0 dram", "package-1", "package-1 dram")
    ]
    assert [counter.read() for counter in found.counters] == [5, 2, 5, 2]
    assert found.counters[0].wrap_at == (262_143.32885,)
    assert not found.missing


def test_dies_are_packages_of_their_own_and_psys_counts_alone(powercap: Path) -> None:
    Domain(powercap / "intel-rapl:0", "psys")
    assert names(powercap) == ["psys"]
    Domain(powercap / "intel-rapl:1", "package-0-die-0")
    Domain(powercap / "intel-rapl:2", "package-0-die-1")
    assert names(powercap) == ["package-0-die-0", "package-0-die-1"]


@pytest.mark.parametrize("make", [None, "mkdir", "link"])
def test_a_container_has_no_counters(make: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder at all, an empty one, or links that lead nowhere (a masked /sys/devices/virtual/powercap)."""
    root = tmp_path / "powercap"
    if make:
        root.mkdir()
    if make == "link":
        (root / "intel-rapl:0").symlink_to(tmp_path / "masked")
    monkeypatch.setattr(rapl, "ROOT", root)
    found = rapl.open_counters()
    assert not found.counters
    assert found.missing == ["processor: no RAPL counters here (a container, a virtual machine, or no Linux)"]


def test_a_denied_counter_says_what_permits_it(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Domain(powercap / "intel-rapl:0", "package-0").file.chmod(0)
    if os.access(powercap / "intel-rapl:0" / "energy_uj", os.R_OK):  # root reads all
        plain = Path.read_text

        def denied(self: Path, *args: object, **kwargs: object) -> str:
            if self.name == "energy_uj":
                raise PermissionError(13, "Permission denied", str(self))
            return plain(self, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(Path, "read_text", denied)
    found = rapl.open_counters()
    assert not found.counters
    assert "no permission to read" in found.missing[0]
    assert "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj" in found.missing[0]


@pytest.mark.parametrize("text", ["", "not a number\n", "\xff"])
def test_a_broken_counter_is_missing_and_the_others_count(powercap: Path, text: str) -> None:
    Domain(powercap / "intel-rapl:0", "package-0").file.write_bytes(text.encode("latin-1"))
    Domain(powercap / "intel-rapl:1", "package-1")
    found = rapl.open_counters()
    assert [counter.name for counter in found.counters] == ["package-1"]
    assert "package-0" in found.missing[0]
    assert "can not be read" in found.missing[0]


def test_memory_has_a_limit_of_its_own(powercap: Path) -> None:
    """With that of a package its small counter would have to be read twice as often as once a minute."""
    package = Domain(powercap / "intel-rapl:0", "package-0")
    Domain(package.folder / "intel-rapl:0:0", "dram", 0, 65_532_610_987)
    watts = {counter.name: counter.max_watts for counter in rapl.open_counters().counters}
    assert watts == {"package-0": 1000, "package-0 dram": 300}
