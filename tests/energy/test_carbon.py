"""What `--country` names."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from bertkit.energy import carbon
from bertkit.errors import BertkitError, ExtraError, RecipeError


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "mix.json"
    countries = {
        "DEU": {"country_name": "Germany", "carbon_intensity": 380.95, "year": 2023},
        "DNK": {"country_name": "Denmark", "carbon_intensity": 151.65, "year": 2023},
        "USA": {"country_name": "United States", "carbon_intensity": 369.47, "year": 2023},
        "CAF": {"country_name": "Central African Republic", "carbon_intensity": 0.0, "year": 2022},
    }
    file.write_text(json.dumps(countries))
    monkeypatch.setattr(carbon, "has", lambda module: True)
    monkeypatch.setattr(carbon, "carried", lambda text, kind: file)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "3.3.2")
    return file


@pytest.mark.parametrize("code", ["DEU", "deu", " DEU "])
def test_a_country_has_its_intensity_and_its_source(table: Path, code: str) -> None:
    found = carbon.intensity_of(code)
    assert (found.country, found.grams_per_kwh, found.source) == ("DEU", 380.95, "codecarbon 3.3.2, 2023")


@pytest.mark.parametrize(
    ("text", "todo"),
    [("DE", "did you mean DEU?"), ("Germany", "did you mean DEU?"), ("United", "did you mean USA?"), ("DNX", "DNK"),
     ("", "known: DEU"), ("../../x", "DEU"), ("350", "DEU")],
)  # fmt: skip
def test_an_unknown_country(table: Path, text: str, todo: str) -> None:
    with pytest.raises(RecipeError, match="no such country") as caught:
        carbon.intensity_of(text)
    assert todo in str(caught.value)
    assert str(caught.value).startswith("--country")


def test_a_country_of_unknown_intensity_is_not_free(table: Path) -> None:
    with pytest.raises(RecipeError, match=r"has no carbon intensity of Central African Republic; .*CAF=350"):
        carbon.intensity_of("CAF")


def test_a_number_needs_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carbon, "has", lambda module: False)
    found = carbon.intensity_of("fra=42.5")
    assert (found.country, found.grams_per_kwh, found.source) == ("FRA", 42.5, "as given by --country")
    with pytest.raises(
        ExtraError, match=r"pip install 'bertkit\[energy\]', or give grams of CO2 per kWh: --country FRA="
    ):
        carbon.intensity_of("FRA")


def test_the_limit_of_a_number_is_said() -> None:
    with pytest.raises(RecipeError, match="a number above 0 and at most 10,000"):
        carbon.intensity_of("DEU=20000")


def test_a_number_of_an_unknown_country() -> None:
    """A country that codecarbon's table does not have is known, as one gives a number for want of it."""
    pytest.importorskip("pycountry")
    assert [carbon.intensity_of(f"{code}=350").country for code in ("deu", "LIE", "XKX")] == ["DEU", "LIE", "XKX"]
    with pytest.raises(RecipeError, match="no such country"):
        carbon.intensity_of("QQQ=350")


@pytest.mark.parametrize(
    "text",
    [
        "DEU=",
        "DEU=x",
        "DEU=0",
        "DEU=-3",
        "DEU=nan",
        "DEU=inf",
        "DEU=1e9",
        "=350",
        "DE=350",
        "DEU=3_50",
        "DEU=20000",
        "DEU=٣",
    ],
)
def test_no_number(text: str) -> None:
    with pytest.raises(BertkitError, match="expected"):
        carbon.intensity_of(text)


def test_a_broken_table(table: Path) -> None:
    table.write_text("[]")
    with pytest.raises(RecipeError, match=r"mix\.json"):
        carbon.intensity_of("DEU")


@pytest.mark.skipif(importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed")
def test_the_real_table() -> None:
    found = carbon.intensity_of("FRA")
    assert 10 < found.grams_per_kwh < 150
    assert found.source.startswith("codecarbon 3.")
    with pytest.raises(RecipeError, match=r"did you mean DEU\?"):
        carbon.intensity_of("Germany")
