"""What `ner` learns from the training rows: the tags and their scheme."""

from __future__ import annotations

from typing import Any

from bertkit.data.columns import schemes
from bertkit.data.columns.labels import read_label_names
from bertkit.data.columns.schemes import PREFIXES
from bertkit.errors import DataError, RecipeError
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.ner.options import NerOptions
from bertkit.tasks.ner.sentences import all_tags, check_tags, scheme_of, sentences_of, tags_of
from bertkit.tasks.task import Rows


def learnt(rows: Rows, options: NerOptions, data: DataBlock) -> dict[str, Any]:
    """The task's state.

    Raises:
        DataError: tags that can not be used, or no entity at all.
        RecipeError: an option that these rows do not fit.
    """
    sentences = sentences_of(rows)
    if options.context == "document" and sentences.documents is None:
        what = "document: the training rows have no document boundaries"
        raise RecipeError.at("options.context", what, "use -DOCSTART- lines in CoNLL files, or a column `document`")
    option = options.scheme
    tags = tags_of(rows, sentences, "IOB2" if option == "auto" else option, overlaps=options.overlaps)
    check_tags(tags, sentences, "train")
    scheme = scheme_of(tags, sentences, "train") if option == "auto" else option
    if invalid := sorted({t for row in tags for t in row if t[0] not in PREFIXES[scheme] + "O"}):
        what = f"{scheme}: has no tag {invalid[0]!r}; its prefixes are {', '.join(PREFIXES[scheme])}"
        raise RecipeError.at("options.scheme", what, "scheme: auto finds the right one")
    names = [name for name in read_label_names(data.label_names) or [] if name != "O"]  # tags, or types alone
    names = [name if not schemes.check_tag(name) else f"{PREFIXES[scheme][0]}-{name}" for name in names]
    labels = all_tags([*tags, names], scheme)
    if len(labels) == 1:
        raise DataError.at("train", "no row has an entity", "is tags the right column? data.columns.tags")
    return {"scheme": scheme, "labels": labels}
