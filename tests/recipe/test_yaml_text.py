"""Texts that would cost hours or a traceback: each is one short message, in a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import RecipeError
from bertkit.recipe import yaml_text
from bertkit.recipe.load import load as load_recipe
from bertkit.recipe.yaml_text import load, read_text

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{b: *a{i - 1}, c: *a{i - 1}}}\n" for i in range(1, 30))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"r\.yaml  more than 100,000 values; write them without aliases"),
        (MERGES, r"r\.yaml  more than 100,000 values"),
        (f"a: {'[' * 3000}{']' * 3000}", r"r\.yaml  nested deeper than 50 levels"),
        (f"{'{a: ' * 3000}1{'}' * 3000}".encode(), r"r\.yaml  nested deeper than 50 levels"),
        ("- " * 3000 + "x", r"r\.yaml  nested deeper than 50 levels"),
        ("".join(f"{' ' * i}a:\n" for i in range(60)) + f"{' ' * 60}b", r"r\.yaml:51  nested deeper than 50 levels"),
        (f"a: 1\nseed: {'7' * 5000}", r"r\.yaml  holds a number with too many digits"),
        (f"a: 1\nseed: -{'7' * 21}", r"r\.yaml:2  a number of more than 20 digits"),
        ("a: 1\nb: !!python/object:os.system {}", r"r\.yaml:2  the tag .*python/object:os\.system has no meaning"),
        ("a: [1, !mine 2]", r"r\.yaml:1  the tag !mine has no meaning here"),
        ("a: 2001-01-01", r"r\.yaml:1  2001-01-01 is read as a date; write it in quotes"),
        ("a: 2001-19-91", r"r\.yaml  holds .* a date that does not exist; write a text in quotes"),
        ("a: !!set {x, y}", r"r\.yaml:1  .* is read as a commentedset"),
        ("a: 1\na: 2", r"r\.yaml:2  a: this key stands twice"),
        ('"a \\"b\\"": 1\n"a \\"b\\"": 2', r'r\.yaml:2  a "b": this key stands twice'),
        (b"\x00\xff", r"r\.yaml  not valid YAML: .*; save it as UTF-8 text"),
        ("a: *gone", r"r\.yaml:1  not valid YAML: found undefined alias 'gone'"),
    ],
)
def test_what_can_not_be_used(text: str | bytes, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load(text, "r.yaml")


def test_values_and_places() -> None:
    values, places = load("a: &a {x: 1}\nb:\n  <<: *a\n  y: [3e-5, no]\n", "r.yaml")
    assert values == {"a": {"x": 1}, "b": {"x": 1, "y": [3e-5, "no"]}}
    assert places[("b", "y")] == "r.yaml:4"
    assert ("b", "x") not in places


def test_a_long_list_is_no_bomb() -> None:
    values, _ = load(f"a: [{', '.join(f'x{i}' for i in range(2000))}]\nb: '{'[' * 60}'", "r.yaml")
    assert len(values["a"]) == 2000


def test_thousands_of_mistakes_are_one_screen(tmp_path: Path) -> None:
    unknown = "".join(f"  key{i}: 1\n" for i in range(2000))
    (tmp_path / "r.yaml").write_text(f"task: classify\ntrain:\n{unknown}options:\n{unknown}data:\n{unknown}")
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "r.yaml")
    assert 100 < len(caught.value.problems) < 200


def test_a_large_file_is_no_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "MOST_BYTES", 10)
    file = tmp_path / "r.yaml"
    file.write_text("task: a..\n")
    assert read_text(file) == b"task: a..\n"
    file.write_text("task: abc..\n")
    with pytest.raises(RecipeError, match=r"r\.yaml  more than 10 bytes; is this a recipe, and not data\?"):
        read_text(file)


@pytest.mark.parametrize("text", ["seed: 0x_", "a: -0b_", "a: !!bool abc", "!!omap 3", "? {a: [1]}\n: 1"])
def test_faults_of_the_parser_are_mistakes(text: str) -> None:
    with pytest.raises(RecipeError):
        load(text, "a.yaml")
