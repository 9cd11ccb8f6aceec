"""Labels are matched by their names; what can not be matched is an error that shows both."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.errors import ModelError, RecipeError
from bertkit.tasks.label_match import (
    best_order,
    in_order,
    is_generic,
    match_labels,
    match_tags,
    tags_of_outputs,
    unnamed,
)

NLI = ["entailment", "neutral", "contradiction"]


@pytest.mark.parametrize(
    ("model", "data", "names"),
    [
        (["CONTRADICTION", "Entailment", "neutral"], NLI, ["contradiction", "entailment", "neutral"]),
        (["Not Entailment", "entailment"], ["entailment", "not_entailment"], ["not_entailment", "entailment"]),
        (["not-entailment", "entailment"], ["entailment", "not_entailment"], ["not_entailment", "entailment"]),
        (["1", "0"], ["0", "1"], ["1", "0"]),
        (["a", "A"], ["A", "a"], ["a", "A"]),
    ],
)
def test_by_name(model: list[str], data: list[str], names: list[str]) -> None:
    assert match_labels(model, data) == (names, "")


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (["LABEL_0", "LABEL_1", "LABEL_2"], NLI),
        (["0", "1", "2"], NLI),
        (["negative", "positive"], ["0", "1"]),
        (["LABEL_0", "LABEL_1"], ["0", "1"]),
    ],
)
def test_names_that_tell_nothing(model: list[str], data: list[str]) -> None:
    names, warning = match_labels(model, data)
    assert names == data
    assert "in this order; if that is wrong, name the labels" in warning


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        (["no", "yes"], NLI, "(no, yes) are not the data's (entailment, neutral, contradiction): 2 and 3"),
        (["no", "maybe", "yes"], NLI, "name the model's outputs in their order, of entailment,neutral,contradiction"),
        (["a", "A", "b"], ["a", "b", "c"], "are not the data's"),
        (["a", "b", "c"], ["a", "b"], "if the rows lack some labels, name the outputs in their order: a,b,c"),
    ],
)
def test_no_match(model: list[str], data: list[str], said: str) -> None:
    with pytest.raises(ModelError) as error:
        match_labels(model, data)
    assert said in str(error.value)


def test_given_names_overrule() -> None:
    assert match_labels(["x", "y", "z"], NLI, ["Neutral", "entailment", "contradiction"]).names[0] == "neutral"
    assert match_labels(["a", "b", "c"], ["a", "b"], ["c", "b", "a"]).names == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["neutral", "entailment", "contradicton"], "contradiction is not named; did you mean contradicton?"),
        (["neutral", "neutral", "entailment"], "--labels  neutral is named twice"),
        ([*NLI, "other"], "4 names, but the model has 3 outputs"),
    ],
)
def test_given_names_that_do_not_fit(given: list[str], said: str) -> None:
    with pytest.raises(RecipeError) as error:
        match_labels(["LABEL_0", "LABEL_1", "LABEL_2"], NLI, given)
    assert said in str(error.value)


def test_tags() -> None:
    every = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    model = ["o", "B_PER", "I_PER", "B-ORG", "I-ORG", "b-loc", "i-loc"]
    names = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
    assert match_tags(model, every, every) == (names, "")
    assert match_tags(["O", "B-LOC"], every, ["O", "B-LOC"]).names == ["O", "B-LOC"]
    with pytest.raises(ModelError, match="it has no I-LOC"):
        match_tags(["O", "B-LOC"], every, ["O", "B-LOC", "I-LOC"])
    assert match_tags([f"LABEL_{i}" for i in range(5)], every, every).warning
    with pytest.raises(ModelError, match="7 and 5"):
        match_tags([f"LABEL_{i}" for i in range(7)], every, every)


def test_order_of_the_data_set() -> None:
    assert in_order(["contradiction", "entailment"], NLI) == NLI
    assert in_order(["a", "b"], NLI) == ["a", "b"]
    assert is_generic(["LABEL_0", "class 1", "2"])
    assert not is_generic(["LABEL_0", "yes"])


def test_best_order_is_that_of_all_permutations() -> None:
    import itertools

    random = np.random.default_rng(0)
    for _ in range(20):
        predicted, right = random.integers(0, 4, 30), random.integers(0, 4, 30)
        meant, best = best_order(predicted, right, ["0", "1", "2", "3"])
        every = [(np.array(order)[predicted] == right).mean() for order in itertools.permutations(range(4))]
        assert best == pytest.approx(max(every))
        assert (np.array([int(name) for name in meant])[predicted] == right).mean() == pytest.approx(best)


def test_tags_where_no_rows_are_known() -> None:
    assert tags_of_outputs(["O", "B-PER", "I-PER"]) == (["O", "B-PER", "I-PER"], "IOB2")
    assert tags_of_outputs(["S-PER", "O", "B-PER", "I-PER", "E-PER"])[1] == "BIOES"
    assert tags_of_outputs(["PER", "O", "LOC"]) == (["I-PER", "O", "I-LOC"], "IO")
    assert tags_of_outputs(["LABEL_0", "LABEL_1"], ["I-LOC", "O"]) == (["I-LOC", "O"], "IO")
    with pytest.raises(ModelError, match=r"only numbered \(LABEL_0, LABEL_1\); name the model's outputs"):
        tags_of_outputs(["LABEL_0", "LABEL_1"])
    with pytest.raises(ModelError, match=r"none of the model's labels \(NOUN, VERB\) is O"):
        tags_of_outputs(["NOUN", "VERB"])
    with pytest.raises(RecipeError, match="1 names, but the model has 2 outputs"):
        tags_of_outputs(["LABEL_0", "LABEL_1"], ["O"])


def test_outputs_that_nobody_named() -> None:
    assert "(LABEL_0, LABEL_1); name them in their order: --labels A,B,..." in unnamed(["LABEL_0", "LABEL_1"])
    assert unnamed(["0", "1"]) == unnamed(["LABEL_1", "LABEL_0"]) == unnamed(["a", "b"]) == ""
