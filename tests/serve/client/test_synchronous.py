"""`Client` against a real server, and against servers that fail."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bertkit import Predictor, Run, embed, keywords
from bertkit.errors import ServerError
from bertkit.inference.columns import AnswerColumns
from bertkit.serve.client import Client, batching, connecting
from tests.serve.client.conftest import KEY
from tests.serve.threaded import Live, answers, scripted

TEXTS = ["hello", "where is my parcel ?", "i want it back " * 9, "", "good bye , good bye", "中 😀"]


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    with Client(live.url, KEY) as found:
        yield found


def close(found: Any, wanted: Any) -> bool:
    """Equal, but for the last digits of numbers: batches differ, so sums are in another order."""
    if isinstance(wanted, float):
        return found == pytest.approx(wanted, abs=1e-5)
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(close(found[name], wanted[name]) for name in wanted)
    return found == wanted


def test_answers_are_those_of_predict(client: Client, tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run)
    rows = [TEXTS[n % 6] + str(n) for n in range(300)]
    columns = AnswerColumns("all", 2)
    wanted = [columns.of(predictor.task, one) for one in predictor.predict(rows)]
    found = client.predict("tiny", rows, probabilities="all", top_k=2)
    assert all(close(one["columns"], two) for one, two in zip(found, wanted, strict=True))
    assert client.predict("tiny", [{"text": rows[0]}, [rows[1]]], top_k=0)[1]["columns"].keys() == {
        *AnswerColumns().of(predictor.task, predictor.predict(rows[0])[0])
    }
    assert client.predict("tiny", []) == []
    assert len(client.predict("tiny", "hello")) == len(client.predict("tiny", {"text": "hello"})) == 1


def test_what_is_served(client: Client) -> None:
    assert {one["id"]: one["gives"] for one in client.models()} == {
        "tiny": ["predict"], "vectors": ["predict", "embeddings", "keywords"],
    }  # fmt: skip
    assert client.model("tiny")["task"] == "classify"


def test_vectors_and_keywords(client: Client, tiny_bert: Path) -> None:
    found = client.embed(TEXTS * 20)
    assert found.dtype == np.float32
    assert found == pytest.approx(embed(str(tiny_bert), TEXTS * 20), abs=1e-5)
    assert client.embed("hello", dimensions=8).shape == (1, 8)
    assert client.embed([]).shape == (0, 0)
    text = "the parcel is late"
    wanted = keywords(str(tiny_bert), [text])
    assert [one["phrase"] for one in client.keywords(text)[0]] == [one["phrase"] for one in wanted[0]]


def test_refusals_have_the_servers_words(client: Client, live: Live) -> None:
    for ask, status, words in (
        (lambda: client.predict("nope", "a"), 404, "no model is called 'nope'; there are: tiny, vectors"),
        (lambda: client.ask("tiny", "who?", ["Ann"]), 422, "question: the task of tiny takes text"),
        (lambda: client.predict("tiny", ["a", {"txet": "b"}]), 422, "row 2: no text"),
        (lambda: client.predict("tiny", ["a"] * 64 + [{"txet": "b"}]), 422, "of the rows 65 to 65: row 1: no text"),
        (lambda: client.rerank("a", ["b"]), 404, "no model gives rerank"),
        (lambda: client.search("a"), 404, "index"),
        (lambda: Client(live.url, "wrong").models(), 401, "set the environment variable BERTKIT_KEY"),
        (lambda: Client(live.url).models(), 401, "set the environment variable BERTKIT_KEY"),
    ):
        with pytest.raises(ServerError, match=words) as caught:
            ask()
        assert caught.value.status == status
        assert len(str(caught.value).splitlines()) == 1


def test_a_body_that_is_not_sent_as_json_is_refused(live: Live) -> None:
    """As `curl -d` sends it, and as a page of another site could."""
    headers = {"Authorization": f"Bearer {KEY}"}
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        found = httpx.post(
            f"{live.url}/v1/predict/tiny", content=b'{"rows": ["a"]}', headers={**headers, "Content-Type": kind}
        )
        assert (found.status_code, "Content-Type: application/json" in found.text) == (415, True)


def test_the_key_may_be_in_the_environment(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(connecting.VARIABLE, KEY)
    with Client(live.url) as client:
        assert client.models()


def test_a_request_that_is_too_large_is_sent_in_halves(live: Live, client: Client, monkeypatch) -> None:
    monkeypatch.setattr(live.service, "settings", live.service.settings.model_copy(update={"max_rows": 10}))
    rows = [f"{TEXTS[n % 6]} {n}" for n in range(100)]
    assert [one["tokens"] for one in client.predict("tiny", rows)] == [
        one["tokens"] for row in rows for one in client.predict("tiny", [row])
    ]
    monkeypatch.setattr(live.service, "settings", live.service.settings.model_copy(update={"max_characters": 20}))
    with pytest.raises(ServerError, match="a text has 30 characters; send at most 20"):
        client.predict("tiny", ["a", "b" * 30, "c"])


def test_rows_are_read_while_answers_come(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        for read in itertools.count(1):
            yield str(read - 1)

    with scripted(answers) as server, Client(server.url) as client:
        stream = client.stream("m", endless())
        found = [one["columns"]["predicted_label"] for one in itertools.islice(stream, 1000)]
        assert found == [str(n) for n in range(1000)]
        assert read <= 1000 + (connecting.FLIGHT + 2) * batching.ROWS
        stream.close()


# --- servers that fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faults", [[(429, {"Retry-After": "1"})] * 2, [None] * 2, [502, 503, 504], [None, (503, {"Retry-After": "x"})]]
)
def test_a_server_that_fails_for_a_while_is_asked_again(faults: list[Any]) -> None:
    with scripted(*faults, answers) as server, Client(server.url) as client:
        assert [one["columns"]["predicted_label"] for one in client.predict("m", ["a", "b"])] == ["a", "b"]
        assert server.asked == [server.asked[-1]] * (len(faults) + 1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (429, r"the server can not answer now \(429\); try again later"),
        ({"hello": 1}, "no bertkit answers at this address"),
        ({"hash": "a", "answers": []}, "not one answer for each of 1 rows"),
        ("<html>", "no bertkit answers at this address"),
        (404, "no bertkit answers at this address: it replies with status 404; name the address of `bertkit serve`"),
        (500, "it replies with status 500"),
        ('{"error":{"message":"the server failed"}}', "no answers"),
        ((307, {"Location": "https://other/"}), "leads elsewhere to https://other/; name that address"),
    ],
)
def test_a_server_that_goes_on_failing(reply: Any, words: str) -> None:
    with scripted(reply) as server, Client(server.url, retries=2) as client:
        with pytest.raises(ServerError, match=words):
            client.predict("m", ["a"])
        assert len(server.asked) == (3 if reply in (429, 500) else 1)


def test_a_server_that_is_down() -> None:
    with scripted({}) as server:
        url = server.url
    with Client(url, retries=2) as client, pytest.raises(ServerError, match="start a server there: bertkit serve"):
        client.models()


def test_a_server_that_does_not_answer() -> None:
    def slow(body: Any) -> dict[str, Any]:
        time.sleep(2)
        return {}

    with scripted(slow) as server, Client(server.url, timeout=0.5, retries=1) as client:
        with pytest.raises(ServerError, match="it did not answer in time"):
            client.models()
        assert len(server.asked) == 2


def test_a_model_that_changes_in_between_is_noticed() -> None:
    def changed(body: dict[str, Any]) -> dict[str, Any]:
        return answers(body, "bbbb" if "200" in body["rows"] else "aaaa")

    with scripted(changed) as server, Client(server.url) as client:
        found: list[Any] = []
        with pytest.raises(ServerError, match="its model has changed, from aaaa to bbbb"):
            found.extend(client.stream("m", map(str, range(300))))
        with pytest.raises(ServerError, match="from cccc to aaaa"):
            next(iter(client.stream("m", ["a"], hash="cccc")))


@pytest.mark.parametrize(
    ("url", "key"), [("127.0.0.1:8000", None), ("ftp://host", None), ("http://", None), ("http://a", "schlüssel")]
)
def test_addresses_and_keys_that_can_not_be(url: str, key: str | None) -> None:
    with pytest.raises(ServerError):
        Client(url, key)
