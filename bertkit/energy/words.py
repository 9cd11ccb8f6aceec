"""An EnergyUse in words, the same on the terminal, in cards and on pages: the method stands beside every figure."""

from __future__ import annotations

from bertkit.energy.record import NOT_MEASURABLE, EnergyUse, Intensity


def sentence(use: EnergyUse) -> str:
    """All of it in one line: `12.3 kJ (0.00342 kWh), 41 W over 5 min, counter RAPL (package-0); ...`."""
    texts = [f"{amount(use)}, {use.method}" if use.parts else NOT_MEASURABLE]
    if use.predictions and use.parts:
        texts.append(f"{per_1000(use)} per 1,000 predictions")
    if use.co2_grams is not None:
        texts.append(f"CO2 {co2(use)}")
    without = "; ".join(use.missing)
    if not without:
        return "; ".join(texts)
    return f"{'; '.join(texts)}; not measured: {without}" if use.parts else f"{NOT_MEASURABLE}: {without}"


def amount(use: EnergyUse) -> str:
    """`at least 12.3 kJ (0.00342 kWh), 41 W over 5 min`."""
    if use.joules is None or use.kwh is None:
        return NOT_MEASURABLE
    power = "" if use.watts is None else f", {_number(use.watts)} W over {duration(use.seconds)}"
    machines = f" on {use.machines} machines" if use.machines > 1 else ""
    return f"{_least(use)}{joules(use.joules)} ({use.kwh:.3g} kWh){power}{machines}"


def per_1000(use: EnergyUse) -> str:
    """Joules per 1,000 predictions; an empty text without predictions."""
    value = use.joules_per_1000_predictions
    return "" if value is None else f"{_least(use)}{joules(value)}"


def co2(use: EnergyUse) -> str:
    """`1.3 g (DEU: 381 g/kWh, source)`; an empty text without a country."""
    if use.co2_grams is None or use.intensity is None:
        return ""
    return f"{_least(use)}{_number(use.co2_grams)} g ({_intensity(use.intensity)})"


def method(use: EnergyUse) -> str:
    """The method, and what was not measured."""
    without = "; ".join(use.missing)
    return f"{use.method}; not measured: {without}" if use.parts and without else without or use.method


def _intensity(known: Intensity) -> str:
    return f"{known.country}: {_number(known.grams_per_kwh)} g/kWh, {known.source}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _least(use: EnergyUse) -> str:
    return "" if use.complete else "at least "


def joules(value: float) -> str:
    """`950 J`, `12.3 kJ`, `1.23 MJ`."""
    for least, unit in ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ")):
        if value >= least * 0.9995:
            return f"{value / least:.3g} {unit}"
    return f"{value:.3g} J"


def duration(seconds: float) -> str:
    """`42 s`, `5 min`, `3.2 h`."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
