from __future__ import annotations

import random

import pytest

from bertkit.serve.speed import PaceOfBatches


def test_a_fixed_time_and_a_time_for_each_token() -> None:
    pace, draw = PaceOfBatches(), random.Random(1)
    assert pace.seconds(100, 1000) == 0
    for _ in range(50):
        tokens = draw.randint(5, 1000)
        pace.add(tokens, 0.01 + tokens / 10_000)
    assert pace.seconds(100, 1000) == pytest.approx(0.02, rel=0.01)
    assert pace.seconds(10_000, 1000) == pytest.approx(1.1, rel=0.01)
    assert pace.seconds(0, 1000) == 0


def test_batches_of_one_size_give_their_rate() -> None:
    pace = PaceOfBatches()
    for _ in range(6):
        pace.add(100, 0.1)
    assert pace.seconds(1000, 100) == pytest.approx(1.0)


def test_it_forgets() -> None:
    pace = PaceOfBatches()
    for tokens in range(1, 100):
        pace.add(tokens, tokens / 100)
    for tokens in range(1, 200):
        pace.add(tokens, tokens / 1000)
    assert pace.seconds(1000, 100) == pytest.approx(1.0, rel=0.01)


def test_noise_never_gives_a_negative_time() -> None:
    draw = random.Random(2)
    for _ in range(200):
        pace = PaceOfBatches()
        for _ in range(draw.randint(2, 10)):
            pace.add(draw.randint(1, 1000), draw.random())
        assert pace.seconds(1, 100) > 0
        assert pace.seconds(5000, 100) >= pace.seconds(50, 100)


def test_small_batches_alone_do_not_make_large_ones_seem_slow() -> None:
    """Texts of seven tokens in 8 ms: 20,000 tokens would be 23 s, if each took a seventh of that."""
    pace = PaceOfBatches()
    for _ in range(20):
        pace.add(7, 0.008)
    assert pace.seconds(20_000, 1024) < 0.2


def test_the_first_batch_warms_up() -> None:
    pace = PaceOfBatches()
    pace.add(10, 5.0)
    assert pace.seconds(1000, 100) == 0
    pace.add(10, 0.01)
    assert pace.seconds(10, 100) == pytest.approx(0.01)
