"""Panel Prepare: `bertkit tokenizer train | extend | inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bertkit.commands import console, reading
from bertkit.errors import DataError, RecipeError

if TYPE_CHECKING:
    from bertkit.recipe.schema import DataBlock

app = typer.Typer(no_args_is_help=True, help="Train a vocabulary, extend a model's, see how texts are cut.")

Output = Annotated[Path, typer.Option("--output", "-o", help="A new folder.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="A folder, package:NAME/FOLDER or a hub name.")]


@app.command()
def train(
    files: reading.Files,
    output: Output,
    kind: Annotated[Literal["wordpiece", "bpe", "unigram"], typer.Option(help="wordpiece is BERT's.")] = "wordpiece",
    vocab_size: Annotated[int, typer.Option(min=1, help="Words in all, special ones included.")] = 30_522,
    lowercase: Annotated[
        bool | None,
        typer.Option("--lowercase/--cased", help="Forget capitals.", show_default="lowercase for wordpiece"),
    ] = None,
    strip_accents: Annotated[
        bool | None,
        typer.Option("--strip-accents/--keep-accents", help="Forget accents.", show_default="with --lowercase"),
    ] = None,
    chinese_characters: Annotated[
        bool,
        typer.Option("--chinese-characters/--no-chinese-characters", help="Each Han character is a word."),
    ] = True,
    reserved: Annotated[int, typer.Option(min=0, help="[unusedN] words; with 99 or more [CLS] is 101.")] = 99,
    min_frequency: Annotated[int, typer.Option(min=1, help="Leave out what occurs less often.")] = 2,
    alphabet: Annotated[
        int | None, typer.Option(min=1, help="Most characters; not for bpe.", show_default="all frequent enough")
    ] = None,
    encoding: reading.Encoding = None,
    column: reading.Column = None,
    sets: reading.Set = None,
) -> None:
    """Train a vocabulary on files: a folder that plain AutoTokenizer loads, with vocab.txt as Google's.

    bertkit tokenizer train books/*.txt --vocab-size 8000 --output my-tokenizer
    """
    from bertkit.data.tokenizer.train import TokenizerOptions, save
    from bertkit.data.tokenizer.train import train as work

    if kind == "bpe" and alphabet:
        raise RecipeError.at("--alphabet", "is not for bpe: bytes are its characters", "leave it out")
    options = TokenizerOptions(
        kind=kind, vocab_size=vocab_size, lowercase=lowercase, strip_accents=strip_accents,
        chinese_characters=chinese_characters, reserved=reserved, min_frequency=min_frequency, alphabet=alphabet,
    )  # fmt: skip
    reading.new_folder(output)
    clock = reading.Clock()
    with _texts(files, reading.data_block(encoding, column, sets), "counting words", clock) as texts:
        trained = work(texts, options)
    save(trained.tokenizer, output)
    for note in trained.notes:
        console.warn(note)
    costs = trained.costs
    console.table(
        ("figure", "value"),
        [
            ("words in the text", f"{costs.words:,}"),
            ("different words", f"{costs.different:,}"),
            ("tokens per word", f"{costs.tokens / costs.words:.3f}"),
            ("words with [UNK]", f"{costs.unknown:,} ({costs.unknown / costs.words:.3%})"),
            ("vocabulary", f"{len(trained.tokenizer):,}"),
        ],
    )
    typer.echo(clock.said(), err=True)
    typer.echo(f"Tokenizer: {output}")


@app.command()
def extend(
    model: Model,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILES]", help="Text of the domain.", show_default=False)
    ] = None,
    *,
    output: Output,
    words: Annotated[int | None, typer.Option(min=1, help="Add so many words, those that save most tokens.")] = None,
    words_from: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Add the words of this file, one a line.")
    ] = None,
    min_frequency: Annotated[int, typer.Option(min=1, help="Of --words: leave out rarer ones.")] = 5,
    encoding: reading.Encoding = None,
    column: reading.Column = None,
    sets: reading.Set = None,
) -> None:
    """Add a domain's words to a model's WordPiece vocabulary; each starts as the mean of its tokens.

    bertkit tokenizer extend bert-base-uncased reports/*.txt --words 1000 --output bert-reports
    """
    if (words is None) == (words_from is None) or (words and not files):
        raise RecipeError.at("extend", "expected either FILES and --words N or --words-from FILE")
    from bertkit.data.tokenizer import extend as new_words
    from bertkit.data.tokenizer.word_counts import count_words
    from bertkit.models import vocabulary

    reading.new_folder(output)
    tokenizer = vocabulary.open_tokenizer(model)
    new_words.check_wordpiece(tokenizer)
    block = reading.data_block(encoding, column, sets)
    counts: dict[str, int] = {}
    if files:
        with _texts(files, block, "counting words") as texts:
            counts = count_words(texts, tokenizer.backend_tokenizer)
    if words_from:
        chosen = new_words.named_words(words_from, tokenizer, block)
    else:
        chosen = new_words.choose(counts, tokenizer, words or 0, min_frequency)
        if 0 < len(chosen) < (words or 0):
            what = f"only {len(chosen):,} words of {words:,}: no more are cut and occur {min_frequency} times"
            console.warn(f"{what}; lower --min-frequency")
    if not chosen:
        todo = "" if words_from else f"of FILES, no word is cut and occurs {min_frequency} times: lower --min-frequency"
        raise DataError.at("extend", "there is no word to add", todo)
    loaded = vocabulary.open_model(model)
    vocabulary.add_rows(loaded, len(tokenizer), new_words.tokens_of(chosen, tokenizer))
    loaded.save_pretrained(output)
    longer = new_words.lengthen(tokenizer, chosen, output)
    if behind := vocabulary.left_behind(model, output):
        typer.echo(f"not copied: {', '.join(behind)}", err=True)
    _say_extended(new_words.compare(counts, tokenizer, longer, chosen), type(loaded).__name__, output)


def _say_extended(done: Any, kind: str, output: Path) -> None:
    first = ", ".join(done.words[:8]) + (", ..." if len(done.words) > 8 else "")
    typer.echo(f"{len(done.words):,} {'word' if len(done.words) == 1 else 'words'} added: {first}")
    if done.tokens_before:
        saved = done.tokens_before - done.tokens_after
        share = saved / done.tokens_before
        typer.echo(f"tokens of the text: {done.tokens_before:,} -> {done.tokens_after:,} ({share:.2%} fewer)")
    if done.others:
        first = ", ".join(done.others[:5]) + (", ..." if len(done.others) > 5 else "")
        typer.echo(f"words cut anew that begin with a new one: {len(done.others):,} ({first})")
    typer.echo(f"Model: {output} ({kind}, {done.size:,} words)")


@app.command()
def inspect(
    model: Model,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILES]", help="Text to count.", show_default=False)
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", "-t", help="A text, cut before your eyes; repeatable.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Of FILES: write the figures as JSON.")] = None,
    encoding: reading.Encoding = None,
    column: reading.Column = None,
    sets: reading.Set = None,
) -> None:
    """How texts are cut into tokens, and what their words cost.

    bertkit tokenizer inspect bert-base-uncased --text "unaffordable"
    """
    if not files and not text:
        raise DataError.at("inspect", "expected FILES or --text", "bertkit tokenizer inspect MODEL --text TEXT")
    if output and not files:
        raise DataError.at("--output", "holds the figures of FILES", "name files")
    from bertkit.data.tokenizer import inspect as cuts
    from bertkit.fs import write_json
    from bertkit.models.vocabulary import open_tokenizer
    from bertkit.run import check_output

    check_output(output)
    tokenizer = open_tokenizer(model)
    for one in text or ():
        _show(cuts.cut(one, tokenizer))
    if not files:
        return
    with _texts(files, reading.data_block(encoding, column, sets), "counting words") as texts:
        found = cuts.costs(texts, tokenizer)
    console.table(("figure", "value"), ((name.replace("_", " "), _figure(x)) for name, x in found.figures().items()))
    console.table(("most costly words", "times", "tokens"), found.costly)
    console.table(("longest words", "tokens"), found.longest)
    if found.lost:
        console.table(("words with [UNK]", "times"), found.lost)
    if output:
        write_json(output, found.as_dict())


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _show(cut: Any) -> None:
    """One text: its tokens, those of a word in one colour and joined by `|`; the numbers below."""
    for number, (tokens, _) in enumerate(cut.words):
        typer.secho("|".join(tokens) + " ", fg=("cyan", "yellow")[number % 2], nl=False)
    typer.echo()
    typer.echo(" ".join("|".join(map(str, ids)) for _, ids in cut.words))
    words = len(cut.words)
    typer.echo(f"{words} words, {cut.tokens} tokens, {cut.tokens / max(words, 1):.2f} a word")
    if cut.back.strip() != cut.text.strip():
        typer.echo(f"comes back as: {cut.back}")
    typer.echo()


@contextmanager
def _texts(
    files: list[str], block: DataBlock, words: str, clock: reading.Clock | None = None
) -> Iterator[Iterator[str]]:
    """The texts of files, under a bar."""
    from bertkit.data.read.sources import expand
    from bertkit.data.tokenizer.word_counts import size, texts

    sources = expand(files, block)
    with reading.reading(words, size(sources)) as advance:

        def told(count: int) -> None:
            if clock:
                clock.bytes += count
            advance(count)

        yield texts(sources, block, told)
