from __future__ import annotations

import pytest

from bertkit.energy.request import EnergyRequest, asking, measuring, wanted
from bertkit.errors import BertkitError


def test_a_request_holds_in_its_block_alone() -> None:
    assert wanted() is None
    with measuring():
        assert wanted() == EnergyRequest(None)
        with asking(None):
            assert wanted() is None
        assert wanted() is not None
    assert wanted() is None


def test_an_own_intensity() -> None:
    with measuring("DEU=350"):
        request = wanted()
    assert request and request.intensity and request.intensity.grams_per_kwh == 350


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ValueError), measuring():
        raise ValueError
    assert wanted() is None


def test_no_such_country() -> None:
    with pytest.raises(BertkitError), measuring("nowhere"):
        pass
