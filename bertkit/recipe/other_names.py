"""Names that other tools have for keys of a recipe: what a user writes who comes from them.

Sources: transformers' example scripts (run_glue.py, run_ner.py, run_qa.py, run_mlm.py), simpletransformers' arguments,
spaCy's [training] block, axolotl's YAML. docs/coming-from.md has them as tables.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from bertkit.errors import did_you_mean, nearest
from bertkit.recipe.schema import DataBlock, ModelBlock, Recipe

OTHER = {
    "lr": "train.learning_rate",
    "learn_rate": "train.learning_rate",
    "epochs": "train.num_train_epochs",
    "max_epochs": "train.num_train_epochs",
    "num_epochs": "train.num_train_epochs",
    "batch_size": "train.per_device_train_batch_size",
    "train_batch_size": "train.per_device_train_batch_size",
    "micro_batch_size": "train.per_device_train_batch_size",
    "model_name": "model.name",
    "model_name_or_path": "model.name",
    "base_model": "model.name",
    "tokenizer_name": "model.tokenizer",
    "model_revision": "model.revision",
    "train_file": "data.train",
    "train_data_file": "data.train",
    "validation_file": "data.validation",
    "dev": "data.validation",
    "dev_file": "data.validation",
    "eval_file": "data.validation",
    "test_file": "data.test",
    "text": "data.columns.text",
    "sentence": "data.columns.text",
    "label": "data.columns.label",
    "text_column": "data.columns.text",
    "text_column_name": "data.columns.text",
    "text_column_names": "data.columns.text",
    "label_column": "data.columns.label",
    "label_column_name": "data.columns.label",
    "max_train_samples": "data.limit.train",
    "max_eval_samples": "data.limit.validation",
    "max_predict_samples": "data.limit.test",
    "val_set_size": "data.validation_ratio",
    "test_size": "data.validation_ratio",
    "labels": "data.label_names",
    "labels_list": "data.label_names",
    "label_list": "data.label_names",
    "delimiter": "data.delimiter",
    "max_seq_length": "options.max_length",
    "max_seq_len": "options.max_length",
    "max_length": "options.max_length",
    "sequence_len": "options.max_length",
    "doc_stride": "options.overlap",
    "stride": "options.window_overlap",
    "sliding_window": "options.long_text",
    "n_best_size": "options.n_best",
    "max_answer_length": "options.max_answer",
    "max_query_length": "options.max_question",
    "version_2_with_negative": "options.no_answer",
    "label_all_tokens": "options.subtoken_pooling",
    "mlm_probability": "options.mask_share",
    "wwm": "options.whole_words",
    "manual_seed": "seed",
    "random_state": "seed",
    "metric": "metrics",
    "metric_for_best_model": "metrics",
    "early_stopping": "callbacks",
}
"""Another tool's name -> the key of a recipe."""


def meant(name: str, block: str, trained: Iterable[str]) -> str:
    """The key that a name outside its block, or another tool's name, stands for; empty if there is none.

    Args:
        block: `train`, `data`, `options`, ... where the name stands; empty at the top of the recipe.
        trained: the keys of the block `train`.
    """
    name = name.replace("-", "_")
    if name in Recipe.model_fields:
        return ""
    inside = {"data": DataBlock.model_fields, "model": ModelBlock.model_fields, "train": trained}
    key = OTHER.get(name) or next((f"{one}.{name}" for one, known in inside.items() if name in known), "")
    return "" if key == f"{block}.{name}" else key


def remedy(name: str, block: str, known: Iterable[str], trained: Iterable[str]) -> str:
    """What to do about a key that a block does not have, which has `known`; other arguments as of `meant`.

    Another tool's name counts more than one that is spelt like it.
    """
    if key := meant(name, block, trained):
        return f"write {key}"
    near = "" if nearest(name, known) else "".join(difflib.get_close_matches(name, OTHER, n=1, cutoff=0.85))
    if near and (key := meant(near, block, trained)):
        return f"did you mean {key}?"
    return did_you_mean(name, known)
