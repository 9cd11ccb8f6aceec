"""Vocabularies: known by hand, cut as Google cuts, the same in every run, loaded by plain transformers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bertkit.data.tokenizer.train import TokenizerOptions, save, special_tokens, train
from bertkit.errors import DataError

SENNRICH = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3
"""The example of Sennrich et al. 2016, section 3.2."""


def trained(texts: list[str], **options):
    return train(texts, TokenizerOptions(**{"reserved": 0, "min_frequency": 1, **options}))


def by_number(tokenizer) -> list[str]:
    return sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)


def test_a_vocabulary_known_by_hand() -> None:
    """Pairs by frequency (es 9, est 9, lo 7, low 7, ne 6, west 6, ...); of equals the lower numbers first."""
    found = trained(SENNRICH, vocab_size=35)
    assert by_number(found.tokenizer) == [
        *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        *"deilnorstw",
        *("##d", "##e", "##i", "##o", "##r", "##s", "##t", "##w"),
        *("##es", "##est", "lo", "low", "ne", "##west", "newest", "wi", "##dest", "widest", "##er", "lower"),
    ]
    stats = found.statistics
    assert (stats.words, stats.different, stats.tokens, stats.unknown) == (16, 4, 16, 0)
    assert found.tokenizer.tokenize("lowest new wide") == ["low", "##est", "ne", "##w", "wi", "##d", "##e"]


def test_specials_stand_as_in_googles_files() -> None:
    words = special_tokens(994)
    assert words[0] == "[PAD]"
    assert words[1] == "[unused0]"
    assert words[99:105] == ["[unused98]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused99]"]
    assert len(words) == 999
    tokenizer = trained(SENNRICH, vocab_size=200, reserved=99).tokenizer
    numbers = (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id)
    assert (*numbers, tokenizer.mask_token_id) == (0, 100, 101, 102, 103)


def greedy(word: str, vocab: set[str]) -> list[str]:
    """google-research/bert tokenization.py, WordpieceTokenizer.tokenize."""
    tokens, start = [], 0
    while start < len(word):
        end = len(word)
        while end > start and ("##" if start else "") + word[start:end] not in vocab:
            end -= 1
        if end == start:
            return ["[UNK]"]
        tokens.append(("##" if start else "") + word[start:end])
        start = end
    return tokens


def test_words_are_cut_by_greedy_longest_match(words: list[str]) -> None:
    tokenizer = trained(words, vocab_size=300).tokenizer
    vocab = set(tokenizer.get_vocab())
    normal = {word for line in words for word in tokenizer.backend_tokenizer.normalizer.normalize_str(line).split()}
    found = [word for word in normal | {"unaffordable", "żółw", "parcelled"} if word.isalnum()]
    assert len(found) > 50
    for word in found:
        if word != "żółw":
            assert tokenizer.tokenize(word) == greedy(word, vocab)
    assert tokenizer.tokenize("parcel ж") == [*greedy("parcel", vocab), "[UNK]"]


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
@pytest.mark.parametrize(
    "options", [{}, {"lowercase": True, "strip_accents": False}, {"lowercase": False, "reserved": 120}], ids=str
)
def test_plain_transformers_loads_the_folder(tmp_path: Path, words: list[str], kind: str, options) -> None:
    from transformers import AutoTokenizer, BertConfig, BertTokenizer

    tokenizer = trained(words * 2, vocab_size=500, kind=kind, **options).tokenizer
    save(tokenizer, tmp_path)
    BertConfig(vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.is_fast
    assert loaded.model_max_length == 512
    assert isinstance(loaded, BertTokenizer) == (kind == "wordpiece")
    texts = ["Where IS my Parcel?", "café, naïve 北京", "the [MASK] of it", ""]
    for a in texts:
        for b in (None, "a second one"):
            assert dict(loaded(a, b)) == dict(tokenizer(a, b))
    pair = loaded("my parcel", "is late")
    tokens = loaded.convert_ids_to_tokens(pair["input_ids"])
    assert tokens[0] == "[CLS]"
    assert [i for i, token in enumerate(tokens) if token == "[SEP]"][1] == len(tokens) - 1
    assert pair["token_type_ids"][-1] == 1
    assert pair["token_type_ids"][0] == 0
    assert loaded.mask_token_id in loaded("the [MASK] of it")["input_ids"]
    if kind == "wordpiece":
        vocab = (tmp_path / "vocab.txt").read_text("utf-8").splitlines()
        assert vocab == by_number(loaded)
        flags = {"do_lower_case": options.get("lowercase", True), "strip_accents": options.get("strip_accents")}
        plain = BertTokenizer(vocab=str(tmp_path / "vocab.txt"), **flags)
        assert [plain(text)["input_ids"] for text in texts] == [loaded(text)["input_ids"] for text in texts]


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_capitals_accents_and_han(words: list[str], kind: str) -> None:
    texts = [*words, *["Ärger ärger 北京 北京 好北"] * 9]

    def cut(text: str, **options) -> list[str]:
        encoded = trained(texts, vocab_size=600, kind=kind, **options).tokenizer(text, add_special_tokens=False)
        return [encoded.tokens(), encoded.word_ids()]

    assert cut("Ärger", lowercase=True)[0] == cut("arger", lowercase=True)[0]
    kept = cut("Ärger", lowercase=True, strip_accents=False)[0]
    assert kept == cut("ärger", lowercase=True, strip_accents=False)[0] != cut("arger", lowercase=True)[0]
    assert cut("Ärger", lowercase=False)[0] != cut("ärger", lowercase=False)[0]
    assert len(set(cut("好北京")[1])) >= 3
    assert len(set(cut("好北京", chinese_characters=False)[1])) == 1


def test_bpe_and_unigram_give_the_text_back(words: list[str]) -> None:
    for kind in ("bpe", "unigram"):
        tokenizer = trained([*words, "Where “北京” Café!"] * 2, vocab_size=600, kind=kind).tokenizer
        for text in ("Where is my parcel, please?", "“北京” Café! no"):
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text
        # A space before [MASK] belongs to it, and the word after it is cut as behind any other word.
        before, after = tokenizer.tokenize("my"), tokenizer.tokenize("my is")
        tokens = [token.strip() for token in tokenizer.tokenize("my [MASK] is")]
        assert tokens == [*before, "[MASK]", *after[len(before) :]]


CODE = """
import sys
from pathlib import Path
from bertkit.data.tokenizer.train import TokenizerOptions, save, train
lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
for kind in ("wordpiece", "bpe", "unigram"):
    save(train(lines, TokenizerOptions(kind=kind, vocab_size=400)).tokenizer, Path(sys.argv[2], kind))
"""


def test_every_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """The library's own numbers differ from run to run: they follow a random hash."""
    text = Path(__file__).parent.parent.parent / "fixtures" / "words.txt"
    runs = [
        subprocess.Popen([sys.executable, "-c", CODE, text, tmp_path / threads], env={**os.environ, **more})
        for threads in ("1", "2")
        for more in [{"RAYON_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"}]
    ]
    assert [run.wait() for run in runs] == [0, 0]
    files = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*.*"))
    assert len(files) == 7
    for file in files:
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file


def test_counts_beyond_one_text_for_the_trainer(monkeypatch) -> None:
    from bertkit.data.tokenizer import train as tokenizer

    whole = by_number(trained(SENNRICH, vocab_size=30).tokenizer)
    monkeypatch.setattr(tokenizer, "REPEAT", 2)
    assert by_number(trained(SENNRICH, vocab_size=30).tokenizer) == whole


def test_rare_characters_are_left_out_and_said() -> None:
    texts = ["aaa bbb"] * 9 + ["ccc", "aż"]
    found = trained(texts, vocab_size=50, min_frequency=2, alphabet=2)
    assert not {"c", "ż", "##ż"} & set(found.tokenizer.get_vocab())
    assert (found.statistics.words, found.statistics.unknown) == (20, 2)
    assert any("2 rare characters are left out" in problem.reason for problem in found.warnings)
    assert any("of 50" in problem.reason for problem in found.warnings)


def test_mistakes() -> None:
    with pytest.raises(DataError, match="hold no words"):
        trained(["", "  "])
    with pytest.raises(DataError, match=r"20: special tokens and characters alone take 23; raise it"):
        trained(SENNRICH, vocab_size=20)
    with pytest.raises(DataError, match="take 261"):
        trained(SENNRICH, vocab_size=200, kind="bpe")
    with pytest.raises(DataError, match="too little text for unigram"):
        trained(["hello"], kind="unigram", min_frequency=2)
