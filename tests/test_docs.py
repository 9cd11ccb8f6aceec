"""The worked example of docs/plugins.md, run as it stands there; and the links of the docs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GROUPS = ("recipe", "data", "corpus", "tokenizer", "index")
"""Commands that have commands of their own."""
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def test_the_worked_example_of_plugins(
    tmp_path: Path, tiny_bert: Path, bertkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "docs" / "plugins.md"
    (tmp_path / "stars.py").write_text(blocks(page, "python")[0], "utf-8")
    (tmp_path / "stars.yaml").write_text(blocks(page, "yaml")[0], "utf-8")
    reviews = [f"{stars}|{text} {n}" for n in range(4) for stars, text in ((5, "a great cup"), (1, "bad"), (3, "nice"))]
    (tmp_path / "reviews.txt").write_text("\n".join(reviews), "utf-8")
    monkeypatch.chdir(tmp_path)
    for line in blocks(page, "sh")[0].splitlines():
        command = shlex.split(line)[1:]
        if command[0] == "train":
            command += ["-s", f"model.name={tiny_bert}", "-s", "train.use_cpu=true"]
        code, out, err = bertkit(*command)
        assert code == 0, err
    assert 1 <= float(out.split()[-1]) <= 5
    assert len((tmp_path / "evaluations.txt").read_text().splitlines()) == 3
    assert (tmp_path / "runs" / "stars" / "code" / "stars.py").is_file()

    # Another user must allow the code first; from then on it is.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    code, _, err = bertkit("predict", "runs/stars", "--text", "nice")
    assert code == 2
    assert "--trust-code" in err
    code, _, err = bertkit("predict", "runs/stars", "--text", "nice", "--trust-code")
    assert code == 0, err


def test_the_examples_of_python_run(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other; a tiny model in place of the one that they name."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{text} {n},{label}\n" for n in range(8) for text, label in (("where is it", "parcel"), ("money", "refund"))
    ]
    for name in ("mine.csv", "test.csv"):
        (tmp_path / name).write_text("text,label\n" + "".join(rows), "utf-8")
    code = "\n".join(blocks(ROOT / "docs" / "python.md", "python"))
    assert code.count("bert-base-uncased") == 2
    code = (
        code.replace("128", "16").replace("num_train_epochs", "max_steps").replace("bert-base-uncased", str(tiny_bert))
    )
    names: dict[str, object] = {}
    monkeypatch.setattr("bertkit.recipe.train_block.LEAST_STEPS", 2)
    exec(code, names)
    assert names["search"].best_params_["learning_rate"] in (2e-5, 5e-5)  # type: ignore[attr-defined]
    assert len(names["answers"]) == 16  # type: ignore[arg-type]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path, bertkit) -> None:
    """Commands and their options, in every block of shell."""
    commands: dict[tuple[str, ...], set[str]] = {}
    for block in blocks(page, "(?:ba)?sh"):
        lines = block.replace("\\\n", " ").splitlines()
        for words in (shlex.split(line, comments=True) for line in lines if re.match(r"(cat .*\| )?bertkit ", line)):
            words = words[words.index("bertkit") + 1 :]
            command = tuple(words[: 2 if words[0] in GROUPS or words[:2] == ["bench", "retrieval"] else 1])
            commands.setdefault(command, set()).update(word for word in words if word.startswith("--"))
    for command, options in commands.items():
        code, out, err = bertkit(*command, "--help")
        assert code == 0, err
        known = set(re.findall(r"--[a-z0-9-]+", out))
        assert options <= known, f"{' '.join(command)}: no such option: {', '.join(options - known)}"
