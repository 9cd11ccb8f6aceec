"""Train a vocabulary on text: WordPiece (BERT's), byte-level BPE or Unigram; plain `AutoTokenizer` loads the folder.

All three frame texts as BERT does, [CLS] A [SEP] B [SEP], and number the special tokens as Google's files do: [PAD],
[unused0] to [unused98], [UNK], [CLS], [SEP], [MASK], [unused99] and on; so with 99 reserved tokens [CLS] is 101.

WordPiece is trained as in the tokenizers library: pairs are merged by frequency, as in BPE (Sennrich et al. 2016), and
words are tokenized by greedy longest match, as in BERT. Google's own trainer was never published. Unigram (Kudo 2018)
is also the library's, whose tokens are strings that at least two different words share.

The same words with the same counts give the same vocabulary, byte for byte. The library numbers the `##` letters in
the order of a random hash and breaks ties by these numbers; here they are numbered beforehand. The price: words are
counted first and then given to the trainer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bertkit.data.tokenizer.inspect import TokenStatistics, statistics_of
from bertkit.data.tokenizer.word_counts import count_words
from bertkit.errors import DataError, Parameter, Problem

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

Kind = Literal["wordpiece", "bpe", "unigram"]

HAN = r"[\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\x{20000}-\x{3ffff}]"
LONGEST = 100
"""Characters of a word; a longer one is [UNK] to WordPiece."""
FIRST_RESERVED = 99
"""Number of reserved tokens before [UNK] in Google's files."""
REPEAT = 10_000
"""Most occurrences of a word in one text for the trainer."""


class TokenizerOptions(BaseModel):
    """How a vocabulary is trained. None: the default of its kind, see the properties."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "wordpiece"
    vocab_size: int = Field(default=30_522, ge=1)
    """Size of the vocabulary, with special and reserved tokens; BERT's."""
    lowercase: bool | None = None
    strip_accents: bool | None = None
    chinese_characters: bool = True
    """Each Han character is a word of its own, as in BERT."""
    reserved: int = Field(default=FIRST_RESERVED, ge=0)
    """Number of [unusedN] tokens, free for later use."""
    min_frequency: int = Field(default=2, ge=1)
    """Characters and pairs of tokens that are rarer are left out."""
    alphabet: int | None = Field(default=None, ge=1)
    """Most characters; the most frequent are kept. None: all that reach `min_frequency`."""

    @property
    def lowers(self) -> bool:
        return self.kind == "wordpiece" if self.lowercase is None else self.lowercase

    @property
    def strips(self) -> bool:
        """By default, accents are removed if capitals are, as in BERT."""
        return self.lowers if self.strip_accents is None else self.strip_accents


@dataclass
class Trained:
    """A tokenizer, and statistics of the text that it was trained on."""

    tokenizer: PreTrainedTokenizerBase
    statistics: TokenStatistics
    warnings: list[Problem]


def train(texts: Iterable[str], options: TokenizerOptions) -> Trained:
    """Train on texts, which are iterated once.

    Raises:
        DataError: no words in the texts, or more characters than the vocabulary has room for.
    """
    blank = _blank(options)
    counts = count_words(texts, blank)
    if not counts:
        raise DataError.at(Parameter("texts"), "hold no words", "are these the right files?")
    known, alphabet, warnings = _usable(counts, options)
    backend = _TRAINERS[options.kind](blank, known, alphabet, options)
    tokenizer = _wrapped(backend, options)
    if (size := backend.get_vocab_size()) < options.vocab_size:
        what = f"only {size:,} of {options.vocab_size:,}: the text has no more tokens"
        limit = "" if options.kind == "unigram" else f" that occur {options.min_frequency} times"
        warnings.append(Problem(Parameter("vocab_size"), what + limit))
    return Trained(tokenizer, statistics_of(counts, tokenizer), warnings)


def save(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write `tokenizer.json`, `tokenizer_config.json` and, for WordPiece, `vocab.txt`: a token per line, by number."""
    tokenizer.save_pretrained(folder)
    if type(tokenizer.backend_tokenizer.model).__name__ == "WordPiece":
        vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in vocab), "utf-8", newline="\n")


def special_tokens(reserved: int) -> list[str]:
    """[PAD], [UNK], [CLS], [SEP], [MASK] and the reserved tokens, in the order of Google's vocabularies."""
    unused = [f"[unused{number}]" for number in range(reserved)]
    return ["[PAD]", *unused[:FIRST_RESERVED], "[UNK]", "[CLS]", "[SEP]", "[MASK]", *unused[FIRST_RESERVED:]]


def _blank(options: TokenizerOptions) -> Tokenizer:
    """Normalizer, pre-tokenizer and decoder of the kind, without a vocabulary."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    lower = [normalizers.Lowercase()] if options.lowers else []
    strip = [normalizers.NFD(), normalizers.StripAccents(), normalizers.NFC()] if options.strips else []
    han = [pre_tokenizers.Split(Regex(HAN), "isolated")] if options.chinese_characters else []
    backend = Tokenizer(models.BPE())
    if options.kind == "wordpiece":
        backend.normalizer = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=options.chinese_characters,
            strip_accents=options.strips, lowercase=options.lowers,
        )  # fmt: skip
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return backend
    if options.kind == "bpe":
        if lower or strip:
            backend.normalizer = normalizers.Sequence([*lower, *strip])
        backend.pre_tokenizer = pre_tokenizers.Sequence([*han, pre_tokenizers.ByteLevel(add_prefix_space=False)])
        backend.decoder = decoders.ByteLevel()
        return backend
    # SentencePiece's own rule (nmt_nfkc) and one space for many; a space at the end would be a token of its own.
    space = [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(left=False, right=True)]
    backend.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), *lower, *strip, *space])
    words = pre_tokenizers.Metaspace(prepend_scheme="first")
    backend.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.Punctuation("isolated"), *han])
    backend.decoder = decoders.Metaspace(prepend_scheme="first")
    return backend


def _usable(counts: dict[str, int], options: TokenizerOptions) -> tuple[dict[str, int], list[str], list[Problem]]:
    """Words that the alphabet can write, the alphabet, and warnings. That of BPE is all bytes."""
    specials = special_tokens(options.reserved)
    if options.kind == "bpe":
        from tokenizers import pre_tokenizers

        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        _check_room(len(specials) + len(letters), options)
        return counts, letters, []
    characters: dict[str, int] = {}
    for word, count in counts.items():
        for character in word:
            characters[character] = characters.get(character, 0) + count
    often = [c for c in characters if characters[c] >= options.min_frequency]
    kept = set(sorted(often, key=lambda c: (-characters[c], c))[: options.alphabet])
    known = {word: count for word, count in counts.items() if len(word) <= LONGEST and kept.issuperset(word)}
    following = sorted({f"##{c}" for word in known for c in word[1:]}) if options.kind == "wordpiece" else []
    letters = sorted(kept) + following
    _check_room(len(specials) + len(letters), options)
    warnings = []
    if len(letters) > options.vocab_size / 2:
        what = f"characters take {len(letters):,} of {options.vocab_size:,} tokens"
        warnings.append(Problem(Parameter("vocab_size"), what, "raise it, or keep fewer characters in the alphabet"))
    if len(characters) > len(kept):
        left = sum(characters.values()) - sum(characters[c] for c in kept)
        share = left / sum(characters.values())
        what = f"{len(characters) - len(kept):,} rare characters are left out, {share:.4%} of the text"
        warnings.append(Problem(Parameter("alphabet"), what))
    return known, letters, warnings


def _check_room(taken: int, options: TokenizerOptions) -> None:
    if taken > options.vocab_size:
        fewer = "reserved tokens" + ("" if options.kind == "bpe" else " or characters in the alphabet")
        what = f"{options.vocab_size:,}: special tokens and characters alone take {taken:,}"
        raise DataError.at(Parameter("vocab_size"), what, f"raise it, or keep fewer {fewer}")


def _repeated(counts: dict[str, int]) -> Iterator[str]:
    """Each word as often as it occurs."""
    for word, count in counts.items():
        whole, rest = divmod(count, REPEAT)
        if whole:
            text = " ".join([word] * REPEAT)
            yield from (text for _ in range(whole))
        yield " ".join([word] * rest)


def _trained(model: Any, trainer: Any, counts: dict[str, int]) -> dict[str, Any]:
    """The model that the library trains on the words, as JSON."""
    from tokenizers import Tokenizer, pre_tokenizers

    learner = Tokenizer(model)
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # no word has white space in it
    learner.train_from_iterator(_repeated(counts), trainer)
    return json.loads(learner.to_str())["model"]


def _wordpiece(blank: Tokenizer, counts: dict[str, int], letters: list[str], options: TokenizerOptions) -> Tokenizer:
    from tokenizers import models, trainers

    trainer = trainers.WordPieceTrainer(
        vocab_size=options.vocab_size, min_frequency=options.min_frequency, show_progress=False,
        special_tokens=[*special_tokens(options.reserved), *letters],  # numbered in this order, whatever the hash
    )  # fmt: skip
    trained = _trained(models.WordPiece(unk_token="[UNK]"), trainer, counts)
    blank.model = models.WordPiece(trained["vocab"], unk_token="[UNK]", max_input_chars_per_word=LONGEST)
    return blank


def _bpe(blank: Tokenizer, counts: dict[str, int], letters: list[str], options: TokenizerOptions) -> Tokenizer:
    from tokenizers import models, trainers

    trainer = trainers.BpeTrainer(
        vocab_size=options.vocab_size, min_frequency=options.min_frequency, show_progress=False,
        special_tokens=[*special_tokens(options.reserved), *letters],
    )  # fmt: skip
    trained = _trained(models.BPE(), trainer, counts)
    blank.model = models.BPE(trained["vocab"], [tuple(merge) for merge in trained["merges"]])
    return blank


def _unigram(blank: Tokenizer, counts: dict[str, int], letters: list[str], options: TokenizerOptions) -> Tokenizer:
    from tokenizers import models, trainers

    specials = special_tokens(options.reserved)
    trainer = trainers.UnigramTrainer(
        vocab_size=options.vocab_size, show_progress=False, special_tokens=specials, unk_token="[UNK]",
        initial_alphabet=letters,
    )  # fmt: skip
    trained = _trained(models.Unigram(), trainer, counts)
    if any(score is None for _, score in trained["vocab"]):
        raise DataError.at(Parameter("texts"), "hold too little text for unigram", "name more, or train wordpiece")
    tokens = _stable({token: score for token, score in trained["vocab"] if token not in set(specials)})
    vocab = [*((word, 0.0) for word in specials), *tokens]
    blank.model = models.Unigram(vocab, specials.index("[UNK]"), False)
    return blank


def _stable(scores: dict[str, float]) -> list[tuple[str, float]]:
    """Scores that do not depend on the library's random hash order.

    Its sums depend on that order from the 13th digit on, so they are rounded. Characters without a score of their own
    follow the worst token at steps of 0.0001 in that order: here they all get the worst score.
    """
    low = step = min(scores.values())
    for token, score in sorted(scores.items(), key=lambda item: item[1]):
        if len(token) == 1 and abs(score - step) < 1e-7:
            scores[token] = low
            step += 1e-4
    rounded = [(token, round(score, 6)) for token, score in scores.items()]
    return sorted(rounded, key=lambda item: (-item[1], item[0]))


_TRAINERS = {"wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram}


def _wrapped(backend: Tokenizer, options: TokenizerOptions) -> PreTrainedTokenizerBase:
    """The transformers tokenizer. In BPE and Unigram, [MASK] absorbs the space before it, as in RoBERTa."""
    from tokenizers import AddedToken, processors
    from transformers import BertTokenizer, PreTrainedTokenizerFast

    if options.kind == "wordpiece":
        return BertTokenizer(
            vocab=backend.get_vocab(), model_max_length=512, do_lower_case=options.lowers,
            strip_accents=options.strip_accents, tokenize_chinese_chars=options.chinese_characters,
        )  # fmt: skip
    numbers = [(word, backend.token_to_id(word)) for word in ("[CLS]", "[SEP]")]
    frame = processors.TemplateProcessing("[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", numbers)
    trim = [processors.ByteLevel(trim_offsets=True)] if options.kind == "bpe" else []
    backend.post_processor = processors.Sequence([*trim, frame])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token=AddedToken("[MASK]", lstrip=True, special=True), model_max_length=512,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
