"""What of a Run is uploaded: enough to open it as a Run and in transformers, and nothing that is private."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from bertkit import Predictor, Run, train
from bertkit.errors import RunError
from bertkit.publish.folder import Files, files_of
from tests.helpers import tiny_recipe, unseal


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("published")
    return train(tiny_recipe("classify", {}, tiny_bert, folder, max_steps=1), output=folder / "mine")


def lay_down(files: Files, folder: Path) -> Path:
    """The files as a download has them."""
    for name, what in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(what if isinstance(what, bytes) else what.read_bytes())
    return folder


def test_what_is_downloaded_is_the_run(run: Run, tmp_path: Path) -> None:
    there = Run.open(lay_down(files_of(run), tmp_path / "there"))
    there.check_content()
    texts = ["where is my parcel", "i want my money"]
    assert Predictor.open(there).predict(texts) == Predictor.open(run).predict(texts)
    assert there.metrics == run.metrics


def test_transformers_finds_the_model_at_the_top(run: Run, tmp_path: Path) -> None:
    from transformers import pipeline

    folder = lay_down(files_of(run), tmp_path / "there")
    ours = Predictor.open(run).predict(["where is my parcel"])[0]
    theirs = pipeline("text-classification", str(folder), device="cpu")("where is my parcel")[0]
    assert theirs["label"] == ours["label"]
    assert theirs["score"] == pytest.approx(ours["probabilities"][ours["label"]], abs=1e-5)


def test_a_changed_weight_of_a_download_is_found(run: Run, tmp_path: Path) -> None:
    folder = lay_down(files_of(run), tmp_path / "there")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(RunError, match="damaged"):
        Run.open(folder).check_content()


def test_what_is_private_stays(run: Run) -> None:
    (run.path / "checkpoints").mkdir(exist_ok=True)
    (run.path / "checkpoints" / "state.json").write_text("{}", "utf-8")
    names = set(files_of(run))
    private = {"local.json", "report.html", ".gitignore", "checkpoints/state.json"}
    assert names & private == set()
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md", "recipe.yaml", "run.json"} <= names
    assert "report.html" in files_of(run, report=True)
    home = str(run.path.parent).encode()
    for what in files_of(run).values():
        assert home not in (what if isinstance(what, bytes) else what.read_bytes())


def test_the_card_gets_license_and_languages_and_keeps_its_text(run: Run) -> None:
    before = run.card_file.read_text("utf-8")
    card = files_of(run, license="apache-2.0", languages=["en", "zh"])["README.md"]
    assert isinstance(card, bytes)
    data = ModelCard(card.decode()).data
    assert (data.license, data.language) == ("apache-2.0", ["en", "zh"])
    assert data.eval_results == ModelCard(before).data.eval_results
    assert card.decode().split("---\n", 2)[2].strip() == before.split("---\n", 2)[2].strip()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"license": "Apache 2"}, "--license  'Apache 2' is no id of a license; such as apache-2.0"),
        ({"languages": ["English"]}, "--language  'English' is no code of a language; such as en, zh"),
    ],
)
def test_ids_that_the_hub_does_not_know(run: Run, given: dict, told: str) -> None:
    with pytest.raises(RunError) as error:
        files_of(run, **given)
    assert str(error.value).startswith(told)


def test_a_card_that_was_broken_by_hand(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "mine")
    run.card_file.write_text("---\nlicense: [\n---\n# mine\n", "utf-8")
    with pytest.raises(RunError, match=r"README.md  its front matter can not be read"):
        files_of(run)


def test_a_run_without_hashes(run: Run, tmp_path: Path) -> None:
    import shutil

    older = Run(shutil.copytree(run.path, tmp_path / "older"))
    unseal(older)
    about = files_of(older)["run.json"]
    assert isinstance(about, bytes)
    assert json.loads(about)["files"] == {}
    older.run_file.unlink()
    there = Run.open(lay_down(files_of(older), tmp_path / "there"))
    assert there.kind == "train"


@pytest.mark.parametrize("listed", [True, False])
def test_of_a_downloaded_run_the_models_files_alone_are_uploaded(run: Run, listed: bool, tmp_path: Path) -> None:
    """They lie beside all others there."""
    folder = lay_down(files_of(run), tmp_path / "there")
    for name in (".git/config", "local.json", "report.html", "predictions/a.tsv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("secret", "utf-8")
    (tmp_path / "mine.txt").write_text("secret", "utf-8")
    about = json.loads((folder / "run.json").read_text())
    hostile = {"../mine.txt": 6, ".git/config": 6, "report.html": 6, str(tmp_path / "mine.txt"): 6}
    files = {**about["files"], **hostile} if listed else {}
    (folder / "run.json").write_text(json.dumps({**about, "files": files}))
    found = {*files_of(Run.open(folder))}
    assert {"config.json", "model.safetensors", "tokenizer.json", "run.json", "README.md", "recipe.yaml"} <= found
    assert not [name for name in found if "mine.txt" in name]
    assert not found & {".git/config", "local.json", "report.html", "predictions/a.tsv"}
