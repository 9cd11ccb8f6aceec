"""Panel Prepare: `bertkit tokenizer train | extend | inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bertkit.commands.shared import console, reading
from bertkit.display import visible
from bertkit.errors import DataError, RecipeError

if TYPE_CHECKING:
    from bertkit.recipe.schema import DataBlock

app = typer.Typer(no_args_is_help=True, help="Train, extend and inspect tokenizers.")

KEYS = {
    "model.tokenizer": "MODEL",
    "model.name": "MODEL",
}
"""Key of a recipe -> argument here. Keys of `data:` are set by --set."""

Output = Annotated[Path, typer.Option("--output", "-o", help="A new folder.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="A folder, package:NAME/FOLDER or a hub name.")]

Kind = Annotated[
    Literal["wordpiece", "bpe", "unigram"], typer.Option(metavar="KIND", help="wordpiece (BERT's), bpe or unigram.")
]
VocabSize = Annotated[int, typer.Option(min=1, help="Size of the vocabulary, with special tokens.")]
Lowercase = Annotated[
    bool | None,
    typer.Option("--lowercase/--cased", help="Convert to lower case.", show_default="lowercase for wordpiece"),
]
StripAccents = Annotated[
    bool | None,
    typer.Option("--strip-accents/--keep-accents", help="Remove accents.", show_default="with --lowercase"),
]
ChineseCharacters = Annotated[
    bool,
    typer.Option("--chinese-chars/--chinese-words", help="Make each Han character a word, or not."),
]
Reserved = Annotated[int, typer.Option(min=0, help="Reserved tokens, \\[unusedN]; with 99 or more, [CLS] is 101.")]
MinFrequency = Annotated[int, typer.Option(min=1, help="Leave out rarer characters and pairs of tokens.")]
Alphabet = Annotated[
    int | None, typer.Option(min=1, help="Most characters; not for bpe.", show_default="all that are not too rare")
]


@app.command()
def train(
    files: reading.Files,
    output: Output,
    kind: Kind = "wordpiece",
    vocab_size: VocabSize = 30_522,
    lowercase: Lowercase = None,
    strip_accents: StripAccents = None,
    chinese_characters: ChineseCharacters = True,
    reserved: Reserved = 99,
    min_frequency: MinFrequency = 2,
    alphabet: Alphabet = None,
    encoding: reading.Encoding = None,
    column: reading.Column = None,
    sets: reading.Set = None,
) -> None:
    """Train a tokenizer on files. AutoTokenizer loads the output folder; WordPiece has a vocab.txt.

    bertkit tokenizer train books/*.txt --vocab-size 8000 --output my-tokenizer
    """
    from bertkit.data.tokenizer.train import TokenizerOptions, save
    from bertkit.data.tokenizer.train import train as work
    from bertkit.fs import folder_aside

    if kind == "bpe" and alphabet:
        raise RecipeError.at("--alphabet", "is not for bpe, whose characters are bytes", "leave it out")
    options = TokenizerOptions(
        kind=kind, vocab_size=vocab_size, lowercase=lowercase, strip_accents=strip_accents,
        chinese_characters=chinese_characters, reserved=reserved, min_frequency=min_frequency, alphabet=alphabet,
    )  # fmt: skip
    throughput = reading.Throughput()
    block = reading.data_block(encoding, column, sets)
    with reading.new_folder(output):
        with _texts(files, block, "counting words", throughput) as texts:
            trained = work(texts, options)
        with folder_aside(output) as aside:
            save(trained.tokenizer, aside)
    for problem in trained.warnings:
        console.warn(str(problem))
    statistics = trained.statistics
    console.table(
        ("figure", "value"),
        [
            ("words in the text", f"{statistics.words:,}"),
            ("different words", f"{statistics.different:,}"),
            ("tokens per word", f"{statistics.tokens / statistics.words:.3f}"),
            ("words with [UNK]", f"{statistics.unknown:,} ({statistics.unknown / statistics.words:.3%})"),
            ("vocabulary", f"{len(trained.tokenizer):,}"),
        ],
    )
    console.say(str(throughput), err=True)
    console.say(f"Tokenizer: {output}")


@app.command()
def extend(
    model: Model,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILES]", help="Texts of the domain.", show_default=False)
    ] = None,
    *,
    output: Output,
    words: Annotated[int | None, typer.Option(min=1, help="Add N words: those that save the most tokens.")] = None,
    words_from: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Add the words of this file, one per line.")
    ] = None,
    min_frequency: Annotated[int, typer.Option(min=1, help="With --words: leave out rarer words.")] = 5,
    encoding: reading.Encoding = None,
    column: reading.Column = None,
    sets: reading.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Add words of a domain to a WordPiece model; each embedding starts as the mean of its former tokens.

    bertkit tokenizer extend bert-base-uncased reports/*.txt --output bert-reports
    """
    if (words is None) == (words_from is None) or (words and not files):
        raise RecipeError.at("extend", "expected either FILES and --words N or --words-from FILE")
    block = reading.data_block(encoding, column, sets)
    with reading.new_folder(output), reading.keys_as_options(KEYS):
        _extend(model, files, output, block, words=words, words_from=words_from, min_frequency=min_frequency)


def _extend(
    model: str, files: list[str] | None, output: Path, block: DataBlock, *,
    words: int | None, words_from: Path | None, min_frequency: int,
) -> None:  # fmt: skip
    from bertkit.data.tokenizer import extend as new_words
    from bertkit.data.tokenizer.word_counts import count_words
    from bertkit.fs import folder_aside
    from bertkit.models import vocabulary

    tokenizer = vocabulary.open_tokenizer(model)
    new_words.check_wordpiece(tokenizer)
    counts: dict[str, int] = {}
    if files:
        with _texts(files, block, "counting words") as texts:
            counts = count_words(texts, tokenizer.backend_tokenizer)
    todo = ""
    if words_from:
        chosen = new_words.named_words(words_from, tokenizer, block)
    else:
        chosen = new_words.choose(counts, tokenizer, words or 0, min_frequency)
        todo = f"no more words of FILES have several tokens and occur {min_frequency} times; lower --min-frequency"
        if 0 < len(chosen) < (words or 0):
            console.warn(f"only {len(chosen):,} words of {words:,}: {todo}")
    if not chosen:
        raise DataError.at("extend", "there is no word to add", todo)
    loaded = vocabulary.open_model(model)
    vocabulary.add_rows(loaded, len(tokenizer), new_words.tokens_of(chosen, tokenizer))
    with folder_aside(output) as aside:
        loaded.save_pretrained(aside)
        extended = new_words.extend(tokenizer, chosen, aside)
    if uncopied := vocabulary.uncopied_files(model, output):
        console.say(f"not copied: {', '.join(uncopied)}", err=True)
    _show_extended(new_words.compare(counts, tokenizer, extended, chosen), type(loaded).__name__, output)


def _show_extended(result: Any, kind: str, output: Path) -> None:
    first = ", ".join(result.words[:8]) + (", ..." if len(result.words) > 8 else "")
    console.say(f"{len(result.words):,} {'word' if len(result.words) == 1 else 'words'} added: {first}")
    if result.tokens_before:
        saved = result.tokens_before - result.tokens_after
        share = saved / result.tokens_before
        console.say(f"tokens of the text: {result.tokens_before:,} -> {result.tokens_after:,} ({share:.2%} fewer)")
    if result.others:
        first = ", ".join(result.others[:5]) + (", ..." if len(result.others) > 5 else "")
        console.say(f"other words with new tokens, as they start with a new word: {len(result.others):,} ({first})")
    console.say(f"Model: {output} ({kind}, {result.size:,} tokens)")


@app.command()
def inspect(
    model: Model,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILES]", help="Texts to count.", show_default=False)
    ] = None,
    text: Annotated[list[str] | None, typer.Option("--text", "-t", help="A text to tokenize; repeatable.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the figures of FILES as JSON.")] = None,
    encoding: reading.Encoding = None,
    column: reading.Column = None,
    sets: reading.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Show the tokens of texts, and statistics of files: tokens per word, share of [UNK], costly words.

    bertkit tokenizer inspect bert-base-uncased --text "unaffordable"
    """
    if not files and not text:
        raise DataError.at("inspect", "expected FILES or --text", "bertkit tokenizer inspect MODEL --text TEXT")
    if output and not files:
        raise DataError.at("--output", "holds the figures of FILES", "name files")
    from bertkit.data.tokenizer.inspect import statistics, tokenize
    from bertkit.fs import check_output, write_json
    from bertkit.models.vocabulary import open_tokenizer

    check_output(output)
    with reading.keys_as_options(KEYS):
        tokenizer = open_tokenizer(model)
        for one in text or ():
            _show(tokenize(one, tokenizer))
        if not files:
            return
        with _texts(files, reading.data_block(encoding, column, sets), "counting words") as texts:
            counted = statistics(texts, tokenizer)
    figures = counted.figures().items()
    console.table(("figure", "value"), ((name.replace("_", " "), _figure(value)) for name, value in figures))
    console.table(("most costly words", "times", "tokens"), counted.costly)
    console.table(("longest words", "tokens"), counted.longest)
    if counted.with_unknown:
        console.table(("words with [UNK]", "times"), counted.with_unknown)
    if output:
        write_json(output, counted.as_dict())


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _show(tokenized: Any) -> None:
    """One text: its tokens, joined by `|` within a word and coloured by word; their numbers below."""
    for number, (tokens, _) in enumerate(tokenized.words):
        typer.secho(visible("|".join(tokens)) + " ", fg=("cyan", "yellow")[number % 2], nl=False)
    console.say()
    console.say(" ".join("|".join(map(str, ids)) for _, ids in tokenized.words))
    words, tokens = len(tokenized.words), tokenized.tokens
    console.say(f"{words} words, {tokens} tokens, {tokens / max(words, 1):.2f} per word")
    if tokenized.decoded.strip() != tokenized.text.strip():
        console.say(f"decoded: {tokenized.decoded}")
    console.say()


@contextmanager
def _texts(
    files: list[str], block: DataBlock, label: str, throughput: reading.Throughput | None = None
) -> Iterator[Iterator[str]]:
    """The texts of files, with a progress bar."""
    from bertkit.data.read.sources import expand
    from bertkit.data.tokenizer.word_counts import size, texts

    sources = expand(files, block)
    with reading.progress(label, size(sources)) as advance:

        def count_bytes(count: int) -> None:
            if throughput:
                throughput.bytes += count
            advance(count)

        yield texts(sources, block, count_bytes)
