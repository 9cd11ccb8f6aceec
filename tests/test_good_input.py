"""Every form of file in tests/forms is read whole: its rows, its answers, and what is said of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bertkit import plugins
from bertkit.recipe.load import load
from tests.forms import (
    Form,
    answers_of,
    chinese,
    exports,
    folders,
    inputs_of,
    json_files,
    labels,
    plain,
    questions,
    sheets,
    tables,
    words,
    write,
)
from tests.helpers import messages

FAMILIES = (exports, plain, tables, sheets, folders, json_files, labels, words, questions, chinese)
FORMS = [form for family in FAMILIES for form in family.FORMS]


def test_each_family_has_forms_and_no_two_share_a_name() -> None:
    assert all(family.FORMS for family in FAMILIES)
    assert len({form.name for form in FORMS}) == len(FORMS)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_it_is_read_whole(
    form: Form, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    write(form, tmp_path)
    recipe = load({"task": form.task, "model": str(tiny_bert), "data": {"train": form.train}}, list(form.sets))
    data = recipe.data.model_copy(update={"validation": recipe.data.train})  # so that no row is split off
    recipe = recipe.model_copy(update={"data": data})
    kind = plugins.find("task", form.task)
    task = kind(kind.Options.model_validate(recipe.options))
    with caplog.at_level(logging.INFO, "bertkit"):
        rows = list(task.read(recipe)["train"])
    assert len(rows) == form.rows
    assert answers_of(task.columns, rows) == form.answers
    assert set(form.inputs) <= inputs_of(task.columns, rows)
    said = "\n".join(messages(caplog))
    assert [part for part in form.warns if part not in said] == []
