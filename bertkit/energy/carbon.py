"""How many grams of CO2 a kWh costs in a country: `DEU` by codecarbon's table, `DEU=350` by the user.

The table is a file of the package: nothing is downloaded, and no country is guessed by the address of this machine.
"""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

from bertkit.energy.record import Intensity
from bertkit.errors import ExtraError, Parameter, RecipeError, did_you_mean
from bertkit.extras import PACKAGE, carried, has, pip_line
from bertkit.files.json_file import read_json

TABLE = f"{PACKAGE}codecarbon/data/private_infra/global_energy_mix.json"
COUNTRY = Parameter("country")
_CODE = re.compile(r"[A-Za-z]{3}")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
"""`float` also takes 3_50 and nan."""
_MORE = ("XKX",)
"""Kosovo, which ISO 3166-1 does not have."""
MOST = 10_000.0
"""Grams per kWh; the dirtiest coal has about 1,500."""


def intensity_of(text: str) -> Intensity:
    """The intensity that `--country` names.

    Raises:
        RecipeError: no such country, or no number.
        ExtraError: the table is not installed.
    """
    code, equals, number = (part.strip() for part in text.partition("="))
    if equals:
        grams = _grams(text, number)
        return Intensity(country=_code(code), grams_per_kwh=grams, source="as given by --country")
    if not has("codecarbon"):
        example = code.upper() if _CODE.fullmatch(code) else "DEU"
        todo = f"{pip_line('energy')}, or give grams of CO2 per kWh: --country {example}=350"
        raise ExtraError.at(COUNTRY, "needs codecarbon's table of countries, which is not installed", todo)
    known = _known(code)
    figure = known.get("carbon_intensity")
    if not isinstance(figure, (int, float)) or not figure > 0:
        what = f"codecarbon has no carbon intensity of {known.get('country_name', code.upper())}"
        raise RecipeError.at(COUNTRY, what, f"give grams of CO2 per kWh: --country {code.upper()}=350")
    source = f"codecarbon {importlib.metadata.version('codecarbon')}, {known.get('year', 'no year')}"
    return Intensity(country=code.upper(), grams_per_kwh=figure, source=source)


def _known(code: str) -> dict[str, Any]:
    """What codecarbon's table has of a country."""
    table: dict[str, dict[str, Any]] = read_json(
        carried(TABLE, RecipeError), dict[str, dict[str, Any]], error=RecipeError, remedy=pip_line("energy")
    )
    if (known := table.get(code.upper())) is None:
        raise RecipeError.at(COUNTRY, f"{code!r:.40}: no such country", _nearest(code, table))
    return known


def _code(text: str) -> str:
    """The code beside a number, of any country, also one that the table does not have."""
    if not _CODE.fullmatch(text):
        raise RecipeError.at(COUNTRY, f"{text!r:.40}: expected a code of three letters", "for example DEU=350")
    if has("pycountry"):  # comes with codecarbon; without it, any three letters are a code
        import pycountry

        if text.upper() not in _MORE and pycountry.countries.get(alpha_3=text.upper()) is None:
            raise RecipeError.at(COUNTRY, f"{text!r:.40}: no such country", "an ISO 3166-1 code, for example DEU=350")
    return text.upper()


def _grams(text: str, number: str) -> float:
    grams = float(number) if _NUMBER.fullmatch(number) else 0.0
    if not 0 < grams <= MOST:
        what = f"{text!r:.40}: expected grams of CO2 per kWh after ="
        raise RecipeError.at(COUNTRY, what, f"a number above 0 and at most {MOST:,.0f}, for example DEU=350")
    return grams


def _nearest(code: str, table: dict[str, dict[str, Any]]) -> str:
    """The code of the country that has this name, or nearly so."""
    names = {str(one.get("country_name", "")).casefold(): key for key, one in table.items()}
    if key := names.get(code.casefold()):
        return f"did you mean {key}?"
    shown = {f"{key} ({one.get('country_name', '')})": key for key, one in table.items()}
    near = [key for text, key in shown.items() if len(code) > 3 and code.casefold() in text.casefold()]
    todo = f"did you mean {near[0]}?" if near else did_you_mean(code.upper(), table)
    return f"{todo} (ISO 3166-1, three letters)"
