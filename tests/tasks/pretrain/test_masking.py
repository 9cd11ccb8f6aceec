"""Masks: Google's count, 80/10/10, whole words whole, spans of SpanBERT's mean; nothing special, all by the draw."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.tasks.pretrain.masking import LONGEST, SPECIAL, Masking, chances, draw_spans, draw_tokens, draw_words

MASK, VOCABULARY, ROWS = 4, 30_000, 400


def row(rng: np.random.Generator, length: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """A pair: [CLS] words [SEP] words [SEP]; words of one to three tokens."""
    words = np.repeat(np.arange(1, length), rng.integers(1, 4, size=length - 1))[: length - 3].astype(np.int32)
    half = length // 2
    words = np.concatenate([[SPECIAL], words[:half], [SPECIAL], words[half:] + 1, [SPECIAL]])
    return rng.integers(5, VOCABULARY, size=length).astype(np.int32), words


def bounds(count: int, share: float) -> tuple[float, float]:
    """Four standard deviations of a binomial share."""
    spread = 4 * (share * (1 - share) / count) ** 0.5
    return share - spread, share + spread


MASKINGS = {
    "tokens": Masking(MASK, VOCABULARY),
    "words": Masking(MASK, VOCABULARY, whole_words=True),
    "spans": Masking(MASK, VOCABULARY, span_length=3.8),
    "much": Masking(MASK, VOCABULARY, share=0.4),
}


@pytest.mark.parametrize("name", MASKINGS)
def test_shares_are_googles(name: str) -> None:
    masking, rng = MASKINGS[name], np.random.default_rng(0)
    chosen = masked = kept = 0
    for number in range(ROWS):
        tokens, words = row(rng)
        before = tokens.copy()
        filled, places = masking(tokens, words, np.random.default_rng([1, number]))
        assert (tokens == before).all()
        others = np.setdiff1d(np.arange(len(tokens)), places)
        assert (filled[others] == tokens[others]).all()
        assert (words[places] != SPECIAL).all()
        assert (np.diff(places) > 0).all()
        assert len(places) <= round(len(tokens) * masking.share)
        chosen += len(places)
        masked += int((filled[places] == MASK).sum())
        kept += int((filled[places] == tokens[places]).sum())
    expected = round(128 * masking.share) * ROWS
    assert chosen == expected if name in ("tokens", "much") else 0.97 * expected < chosen <= expected
    effective = chosen / 3.8 / 2 if name == "spans" else chosen  # the tokens of a span draw alike
    for count, share in ((masked, 0.8), (kept, 0.1), (chosen - masked - kept, 0.1)):
        low, high = bounds(int(effective), share)
        assert low < count / chosen < high


@pytest.mark.parametrize("length", [3, 4, 8, 10, 17, 128, 512])
def test_the_count_is_googles(length: int) -> None:
    tokens, words = np.arange(10, 10 + length), np.arange(length)
    words[[0, -1]] = SPECIAL
    places = Masking(MASK, VOCABULARY)(tokens, words, np.random.default_rng(0))[1]
    assert len(places) == max(1, round(length * 0.15))


def test_random_words_are_of_the_whole_vocabulary() -> None:
    masking, words = Masking(MASK, 20, share=0.9), np.arange(1000)
    filled, places = masking(np.full(1000, 7), words, np.random.default_rng(0))
    assert set(filled[places]) == set(range(20))


@pytest.mark.parametrize("name", ["words", "spans"])
def test_whole_words_are_whole(name: str) -> None:
    rng = np.random.default_rng(3)
    for number in range(ROWS):
        tokens, words = row(rng)
        _, places = MASKINGS[name](tokens, words, np.random.default_rng([2, number]))
        rest = np.setdiff1d(np.arange(len(words)), places)
        assert not set(words[places]) & set(words[rest])


def test_a_word_longer_than_the_count_is_masked_where_there_is_no_other() -> None:
    words = np.array([SPECIAL, 1, 1, 1, 2, 2, SPECIAL])
    for draw in (draw_words(words, 1, np.random.default_rng(0)),
                 draw_spans(words, 1, chances(3.8), np.random.default_rng(0))[0]):  # fmt: skip
        assert draw.tolist() == [4, 5]
    nothing = np.array([SPECIAL, SPECIAL])
    assert len(draw_tokens(nothing, 1, np.random.default_rng(0))) == 0
    assert len(draw_words(nothing, 1, np.random.default_rng(0))) == 0
    assert len(draw_spans(nothing, 1, chances(3.8), np.random.default_rng(0))[0]) == 0


def test_span_lengths_are_spanberts() -> None:
    """p = 0.2, clipped at 10: 3.8 words on average (Joshi et al. 2020, section 3.1)."""
    shares = np.diff(chances(3.8), prepend=0, append=1)
    google = 0.2 * 0.8 ** np.arange(LONGEST)
    assert shares == pytest.approx(google / google.sum(), abs=2e-3)
    for mean in (1.5, 3.0, 5.0):
        shares = np.diff(chances(mean), prepend=0, append=1)
        assert shares @ np.arange(1, LONGEST + 1) == pytest.approx(mean, abs=1e-4)


def test_spans_have_the_mean_where_there_is_room() -> None:
    words, sizes = np.arange(20_000), []
    for number in range(20):
        _, groups = draw_spans(words, 400, chances(3.8), np.random.default_rng(number))
        sizes += np.bincount(groups)[:-1].tolist()
    assert np.mean(sizes) == pytest.approx(3.8, abs=0.2)
    assert max(sizes) <= LONGEST + 3  # two of them may touch


def test_the_tokens_of_a_span_are_filled_alike_and_none_crosses_a_separator() -> None:
    masking, rng = MASKINGS["spans"], np.random.default_rng(5)
    for number in range(50):
        tokens, words = row(rng)
        filled, places = masking(tokens, words, np.random.default_rng([3, number]))
        _, groups = draw_spans(words, 19, chances(3.8), np.random.default_rng([3, number]))
        for group in np.unique(groups):
            own = places[groups == group]
            assert (np.diff(own) == 1).all()
            assert (
                len({"mask" if filled[p] == MASK else "kept" if filled[p] == tokens[p] else "other" for p in own}) == 1
            )


def test_the_same_draw_masks_the_same() -> None:
    tokens, words = row(np.random.default_rng(0))
    for masking in MASKINGS.values():
        one, two, other = (
            masking(tokens, words, np.random.default_rng(seed)) for seed in ([1, 0, 7], [1, 0, 7], [1, 1, 7])
        )
        assert (one[0] == two[0]).all()
        assert (one[1] == two[1]).all()
        assert one[1].tolist() != other[1].tolist()
