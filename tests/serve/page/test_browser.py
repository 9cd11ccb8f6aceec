"""The page in a browser: every task is clicked through, as are search, languages, keys and troubles."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from bertkit.data.columns.column import Kind
from bertkit.tasks import TASKS
from tests.serve.page.conftest import KEY, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

FAKE = """
const [status, body, headers] = arguments;
window.asked = [];
window.fetch = async (address, options) => {
  window.asked.push(options.body);
  return new Response(JSON.stringify(body), { status, headers });
};
"""
"""The server says what a test wants it to."""
HANGS = """
window.fetch = (address, { signal }) => new Promise((_, refuse) => {
  signal.addEventListener("abort", () => refuse(new DOMException("", "AbortError")));
});
"""


WIDTHS = (1280, 390)
"""Of a window of a desk and of a phone, in pixels."""


def clean(page: Page) -> None:
    """The browser has nothing to complain of, and nothing is wider than the window."""
    assert page.console() == []
    for width in reversed(WIDTHS):
        page.widen(width)
        assert page.overflow() <= 0, width


@pytest.mark.parametrize("task", TASKS)
def test_every_task_answers_in_every_way(page: Page, task: str) -> None:
    page.open(f"/#{task}")
    ways = [one.get_attribute("data-tab") for one in page.all(".model [role=tab]")] or ["row"]
    for way in ways:
        if len(ways) > 1:
            page.one(f'.model [data-tab="{way}"]').click()
        answer = page.ask()
        assert not answer.find_elements("css selector", ".trouble[role=alert]"), answer.text
        assert answer.find_elements("css selector", ".one, .contexts")
        assert "ms" in answer.find_element("css selector", ".time").text
        page.run("for (const one of arguments[0].querySelectorAll('details')) one.open = true", answer)
        command = answer.find_element("css selector", "pre").text
        assert command.startswith("curl http://127.0.0.1:") and task in command and "Bearer" in command
        assert KEY not in command
        clean(page)


def test_the_form_is_made_of_the_columns(page: Page) -> None:
    page.open("/#choice")
    assert [one.get_attribute("data-field") for one in page.all("textarea")] == ["text", "question", "choices"]
    page.write("choices", "the parcel\nthe cat")
    answer = page.ask()
    assert len(answer.find_elements("css selector", ".bars li")) == 2
    page.write("choices", "")
    page.all(".chip")[0].click()
    assert "it is late" in page.one('[data-field="choices"]').get_attribute("value")


VALUES: dict[str, Any] = {
    "text": "two\nlines",
    "label": "refund",
    "labels": ["refund", "late parcel"],
    "number": 2.5,
    "words": ["Anna", "runs"],
    "tags": ["B-PER", "O"],
    "spans": [{"start": 0, "end": 4, "label": "PER"}],
    "answers": [{"text": "Anna", "start": 0}],
    "choices": ["the cat", "a man"],
    "choice": 1,
    "texts": ["hello", "good bye"],
}


def test_every_kind_of_column_has_a_field(page: Page) -> None:
    assert VALUES.keys() == set(get_args(Kind))
    page.open()
    script = """
    const [values, done] = arguments;
    import("/page/fields.js").then(({ columnField }) => done(Object.fromEntries(Object.entries(values).map(
      ([kind, value]) => [kind, columnField({ name: kind, kind, required: false }, value).read()],
    ))));
    """
    assert page.driver.execute_async_script(script, VALUES) == VALUES


def test_an_answer_is_marked_in_its_text(page: Page) -> None:
    columns = {"predicted_answer": "Berlin 🏙", "predicted_start": 16, "predicted_end": 24, "score": 1.0}
    page.open("/#squad/row")
    page.write("context", "🙂 Anna lives in Berlin 🏙.")
    columns |= {"predicted_start": 16, "predicted_end": 24}
    page.run(FAKE, 200, {"answers": [{"columns": columns, "text": "", "confidence": 0.9}], "hash": "h"}, {})
    assert page.ask().find_element("css selector", "mark").text == "Berlin 🏙"


def test_entities_have_their_kind_as_a_word(page: Page) -> None:
    marks = [{"text": "אנה", "kind": "PER", "confidence": 0.9}, {"text": " רצה", "kind": "", "confidence": 1}]
    answer = {"columns": {"predicted_entities": [{}]}, "text": "", "confidence": 0.9, "marks": marks}
    page.open("/#ner")
    page.run(FAKE, 200, {"answers": [answer], "hash": "h"}, {})
    assert "PER" in page.ask().find_element("css selector", "mark small").text
    assert page.run("return getComputedStyle(document.querySelector('.marked')).direction") == "rtl"


def test_many_labels_and_hostile_texts(page: Page) -> None:
    names = [f"<script>alert({n})</script>" if n % 2 else f"תווית_{n}_" + "long" * 60 for n in range(150)]
    columns = {"predicted_label": names[1], **{f"probability_{name}": n / 150 for n, name in enumerate(names)}}
    page.open("/#classify")
    page.write("text", "<img src=x onerror=alert(1)>" + "x" * 400)
    page.run(FAKE, 200, {"answers": [{"columns": columns, "text": "", "confidence": 0.5}], "hash": "h"}, {})
    answer = page.ask()
    shown = [one.text for one in answer.find_elements("css selector", ".bars .what")]
    assert len(shown) == 10 and names[149] in shown[0]
    assert not answer.find_elements("css selector", "script, img")
    page.run("for (const one of arguments[0].querySelectorAll('details')) one.open = true", answer)
    clean(page)


def test_tokens_that_are_cut_are_seen(page: Page) -> None:
    page.open("/#regress")
    page.write("text", "the parcel is late again . " * 200)
    answer = page.ask()
    assert "did not read" in answer.find_element("css selector", ".cut").text


def test_likes_move_the_search(page: Page) -> None:
    page.open("/#index:documents")
    page.write("query", "parcel")
    answer = page.ask()
    before = hits(answer)
    assert len(before) == 6 and not answer.find_elements("css selector", "script")
    first, last = before[0], before[-1]
    page.one(f'[data-id="{first}"] [data-like=liked]').click()
    page.until("return document.querySelectorAll('.hits > li').length === 5")
    page.one(f'[data-id="{last}"] [data-like=disliked]').click()
    page.until("return document.querySelectorAll('.hits > li').length === 4")
    assert {first, last}.isdisjoint(hits(page.answer()))
    page.one(".chip.liked").click()
    page.until("return document.querySelectorAll('.hits > li').length === 5")
    page.choose("by", "words")
    assert not page.ask().find_elements("css selector", "[data-like]")
    clean(page)


def test_a_search_is_ranked_again_and_read(page: Page) -> None:
    page.open("/#index:documents", WIDTHS[1])
    page.write("query", "where is my parcel ?")
    page.choose("by", "hybrid")
    page.choose("reranker", "rerank")
    page.choose("reader", "squad")
    answer = page.ask()
    assert answer.find_elements("css selector", ".main") and "rerank" in answer.text
    clean(page)


def hits(answer: Any) -> list[str]:
    return [str(one.get_attribute("data-id")) for one in answer.find_elements("css selector", ".hits > li")]


def test_the_language_is_switched_and_kept(page: Page) -> None:
    page.open("/#classify")
    page.write("text", "my own words")
    page.ask()
    page.one("[data-language=zh]").click()
    assert page.run("return document.documentElement.lang") == "zh-CN"
    assert page.one(".go").text == "发送" and "毫秒" in page.one(".time").text
    assert page.one('[data-field="text"]').get_attribute("value") == "my own words"
    page.open("/docs")
    assert page.run("return document.documentElement.lang") == "zh-CN"
    clean(page)


def test_what_the_server_refuses_is_said_in_its_words(page: Page) -> None:
    page.open("/#choice")
    page.write("choices", "only one")
    trouble = page.ask().find_element("css selector", ".trouble").text
    assert "422" in trouble and "choices" in trouble
    assert all("422" in line for line in page.console())  # the browser's own line of the reply


@pytest.mark.parametrize(
    "status, headers, words",
    [(401, {}, "key"), (429, {"Retry-After": "7"}, "7 s"), (503, {"Retry-After": "2"}, "2 s"), (500, {}, "500")],
)
def test_troubles_have_words(page: Page, status: int, headers: dict[str, str], words: str) -> None:
    page.open("/#classify")
    page.run(FAKE, status, {"error": {"message": "what the server says"}}, headers)
    trouble = page.ask().find_element("css selector", ".trouble").text
    assert words in trouble and "what the server says" in trouble


def test_a_network_that_is_gone_is_said(page: Page) -> None:
    page.open("/#classify")
    page.run("window.fetch = async () => { throw new TypeError('Failed to fetch'); }")
    assert "can not be reached" in page.ask().text
    assert page.one(".go").get_attribute("aria-busy") == "false"


def test_a_request_can_be_cancelled(page: Page) -> None:
    page.open("/#classify")
    page.run(HANGS)
    page.one(".go").click()
    assert page.one(".go").get_attribute("aria-busy") == "true" and "Running" in page.one(".go").text
    page.one(".stop").click()
    page.until("return document.querySelector('.go').getAttribute('aria-busy') === 'false'")
    assert "Cancelled" in page.one(".state").text and not page.all(".stop")


def test_the_keyboard_is_enough(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.open("/#choice")
    tabs = page.all(".outer > [role=tablist] [role=tab]")
    tabs[0].send_keys(Keys.ARROW_RIGHT)
    assert tabs[1].get_attribute("aria-selected") == "true" and page.driver.switch_to.active_element == tabs[1]
    tabs[1].send_keys(Keys.HOME)
    assert tabs[0].get_attribute("tabindex") == "0" and tabs[1].get_attribute("tabindex") == "-1"
    page.one('[data-field="question"]').send_keys(Keys.CONTROL, Keys.ENTER)
    assert page.answer().find_elements("css selector", ".one")


def test_every_field_and_button_has_a_name(page: Page) -> None:
    for way in ("embed/similar", "embed/keywords", "rerank/rank", "squad/contexts", "index:documents"):
        page.open(f"/#{way}")
        fields = page.all("input, textarea, select")
        assert fields and all(one.accessible_name for one in (*fields, *page.all("button")))


def test_docs_show_every_door_with_what_is_served(page: Page) -> None:
    page.open("/docs")
    doors = [one.text for one in page.all(".door h2")]
    assert any("/v1/predict/{name}" in one for one in doors) and any("/v1/search" in one for one in doors)
    page.run("for (const one of document.querySelectorAll('details')) one.open = true")
    code = [one.text for one in page.all("pre")]
    for task in TASKS:
        assert any(f"/v1/predict/{task}" in one and one.startswith("curl") for one in code)
    snippets = [one for one in code if not one.startswith("curl")]
    for one in snippets:
        compile(one, "example", "exec")
    assert snippets and KEY not in json.dumps(code)
    clean(page)
