"""The rule for sentences, on hard cases written by hand."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertkit.data.corpus.sentences import split

CASES = {
    "titles": "Mr. Smith met Dr. Who in St. Louis.|They spoke.",
    "decimals": "It costs 3.14 or 1,000.50 in all.|Cheap.",
    "a capital after a.m. is a new sentence": "He came at 3 p.m.|They spoke.",
    "e.g. and i.e.": "We like fruit, e.g. Apples and i.e. Pears.|More?|Yes.",
    "etc. within and at the end": "Cups, plates etc. and spoons, etc.|Then forks.",
    "initials": "J. R. R. Tolkien wrote it.|J.R.R. Tolkien did.|U.S. Army men read it.",
    "the word I": "So am I.|He went.|Was it I?|No.",
    "ellipsis": "Well... maybe not.|Wait...|What?|And . . .|The end.",
    "a quote that goes on": '"Who is that?" she said.|"A cat!" he cried.|Then he left.',
    "closing marks stay": "(He went.)|[She too.]|“So it is.”|'Yes.'|End",
    "closing quote after a space": 'He said "no. "|Then he left.',
    "several marks": "What?!|No!!|Really?...|Yes.",
    "numbers at the head": "1. First thing.|2. Second thing.|IV. Fourth.",
    "months and numbers": "On Jan. 5 we met.|See No. 7 and Fig. 3 on p. 12.|It was Dec.|Cold came.",
    "a number begins": "I have 3 apples.|4 are red.",
    "dashes and underscores": "Is it?|--Yes.|_Then_ he ran.",
    "small letters go on": "the end. of all. things",
    "Chinese": "“你好。”|他说。|真的？！|「是的！」|然后；|好吧（对。）|完",
    "Chinese ellipsis": "我走了……|他没有说话。",
    "full-width stops": "此开卷第一回也．|共３．１４里．|完",
    "Chinese and English": "他说OK。|Then he left.|走了！",
    "accents": "C’est l’été.|Élan vital.",
    "nothing ends": "no end here",
}


@pytest.mark.parametrize("name", CASES)
def test_sentences(name: str) -> None:
    expected = CASES[name].split("|")
    space = "" if name in ("Chinese", "Chinese ellipsis", "full-width stops") else " "
    assert split(space.join(expected)) == expected


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\n\n"])
def test_blank_texts_have_none(text: str) -> None:
    assert split(text) == []


def test_what_the_rule_can_not_know() -> None:
    assert split("He left the U.S. It rained.") == ["He left the U.S. It rained."]
    assert split('"Why?" Mary asked.') == ['"Why?"', "Mary asked."]


@given(st.text(alphabet="aB1. !?\"'。”……（）．\n\u3000é-", max_size=60))
def test_no_character_is_lost(text: str) -> None:
    found = split(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence and sentence == sentence.strip() for sentence in found)


@pytest.mark.parametrize("mark", ["?", ".", "!?", "...!"])
def test_a_long_run_of_marks_takes_no_quadratic_time(mark: str) -> None:
    text = mark * 100_000
    start = time.perf_counter()
    assert "".join(split(f"{text}x")) == f"{text}x"
    assert split(f"one{text} Two") == [f"one{text}", "Two"]
    assert time.perf_counter() - start < 20
