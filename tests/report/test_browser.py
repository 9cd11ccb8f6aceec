"""The page of a Run in a browser: tables are sorted and filtered without a network; a phone, paper, and the dark."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from bertkit.report import run as run_page
from bertkit.report.sections.ranked import LabelProbabilities
from bertkit.run import Run
from bertkit.tasks.task import Verdict
from tests.helpers import make
from tests.report.understand.conftest import Opened, driver, opened  # noqa: F401 - fixtures

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
NAMES = [EVIL, "退款", "شحن متأخر", *(f"label {n} with a name of several words" for n in range(147))]
READY = "return document.querySelectorAll('.filter').length > 0"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(20, 24, 31)"


def results(names: list[str], rows: int) -> run_page.RunResults:
    """Of answers by lot, half of them right; one row has marked parts."""
    rng = np.random.default_rng(0)
    true = rng.integers(len(names), size=rows)
    shares = rng.dirichlet(np.ones(len(names)), size=rows)
    shares[np.arange(rows), np.where(rng.random(rows) < 0.5, true, 0)] += 1
    shares /= 2
    verdicts = [
        Verdict(
            f"{EVIL} مرحبا 北京 {number}", names[a], names[b], float(a == b), float(own[b]), frozenset({(names[a],)}),
            frozenset({(names[b],)}), ((len(EVIL) + 1, len(EVIL) + 6, EVIL),), ((0, 8, "B"),),
        )
        for number, (a, own) in enumerate(zip(true, shares, strict=True))
        for b in [int(own.argmax())]
    ]  # fmt: skip
    counts = {split: {name: n + 1 for n, name in enumerate(names)} for split in ("train", "validation", "test")}
    return run_page.RunResults(
        {split: {f"figure {n}": n / 10 for n in range(9)} for split in ("validation", "test")},
        {}, {"train": 900, "test": rows}, "test", verdicts,
        {kind: {"gold": 1, "predicted": 0, "examples": [{"row": 0, "gold": EVIL, "predicted": None}]} for kind in "ab"},
        [{"split": "test", "message": f"no better than {EVIL}"}], counts,
        LabelProbabilities(names, shares, np.eye(len(names), dtype=bool)[true]),
    )  # fmt: skip


@pytest.fixture
def html(tiny_run: Run) -> Callable[..., str]:
    def write(names: list[str] = NAMES, rows: int = 1200) -> str:
        return run_page.page(tiny_run, make("classify", {}), results(names, rows))

    return write


@pytest.fixture
def page(opened: Callable[[str, str], Opened], html: Callable[..., str]) -> Opened:  # noqa: F811
    found = opened(html(), READY)
    media(found)
    return found


def media(page: Opened, kind: str = "screen", scheme: str = "light") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})


def table(page: Opened, heading: str) -> Any:
    """The table below a heading."""
    return page.run(
        """const found = [...document.querySelectorAll("h2")].find((one) => one.textContent === arguments[0]);
        let at = found.nextElementSibling;
        while (!at.querySelector("table")) at = at.nextElementSibling;
        return at.querySelector("table");""",
        heading,
    )


def cells(page: Opened, heading: str, column: int) -> list[str]:
    """The cells of a column in the rows that can be seen."""
    return page.run(
        """return [...arguments[0].tBodies[0].rows].filter((row) => !row.hidden)
        .map((row) => row.cells[arguments[1]].textContent);""",
        table(page, heading),
        column,
    )


def button(page: Opened, heading: str, column: int) -> Any:
    return table(page, heading).find_elements("css selector", "thead th button")[column]


def sorting(page: Opened, heading: str) -> list[str | None]:
    names = table(page, heading).find_elements("css selector", "thead th")
    return [one.get_attribute("aria-sort") for one in names]


def test_a_click_sorts_numbers_as_numbers(page: Opened) -> None:
    before = cells(page, "Per class", 4)
    button(page, "Per class", 4).click()
    down = cells(page, "Per class", 4)
    assert list(map(int, down)) == sorted(map(int, before), reverse=True)
    assert sorting(page, "Per class")[4] == "descending"
    button(page, "Per class", 4).click()
    assert list(map(int, cells(page, "Per class", 4))) == sorted(map(int, before))
    assert sorting(page, "Per class") == [None] * 4 + ["ascending"] + [None] * 3
    button(page, "Per class", 4).click()  # the order of the page
    assert cells(page, "Per class", 4) == before
    foot = table(page, "Per class").find_elements("css selector", "tfoot td:first-child")
    assert [one.text for one in foot] == ["macro average", "weighted average"]


def test_names_are_sorted_by_key_press(page: Opened) -> None:
    button(page, "Label distribution", 0).send_keys(Keys.ENTER)
    names = cells(page, "Label distribution", 0)
    assert sorting(page, "Label distribution")[0] == "ascending"
    labels = [name for name in names if name.startswith("label")]
    assert labels == sorted(labels, key=lambda name: int(name.split()[1]))  # label 9 before label 10
    button(page, "Label distribution", 0).send_keys(Keys.SPACE)
    assert cells(page, "Label distribution", 0) == names[::-1]


def typed(page: Opened, heading: str, text: str) -> str:
    """Write into the box of a table; returns the count beside it."""
    box = page.run("return arguments[0].parentElement.previousElementSibling", table(page, heading))
    (field,) = box.find_elements("css selector", "input")
    assert field.get_attribute("aria-label") == f"Filter rows: {heading}"
    field.clear()
    field.send_keys(text)
    return str(box.find_element("css selector", "output").text)


def test_a_box_filters(page: Opened) -> None:
    assert typed(page, "Per class", "  LABEL  14") == "8 of 150 rows"
    assert all(name.startswith("label 14") for name in cells(page, "Per class", 0))
    assert typed(page, "Per class", "label 146 with") == "1 of 150 rows"
    assert cells(page, "Per class", 0) == ["label 146 with a name of several words"]
    assert typed(page, "Per class", "退") == "1 of 150 rows"
    assert typed(page, "Per class", "متأخر") == "1 of 150 rows"
    assert typed(page, "Per class", "no such label") == "0 of 150 rows"
    assert len(cells(page, "Label distribution", 0)) == 150  # another table
    assert typed(page, "Per class", EVIL) == "1 of 150 rows"
    button(page, "Per class", 4).click()  # a filter stays while the table is sorted
    assert cells(page, "Per class", 0) == [EVIL]


def test_other_tables_too(page: Opened) -> None:
    for heading in ("Figures", "Most frequent confusions", "Most confident mistakes", "Label distribution"):
        assert typed(page, heading, "no such row").startswith("0 of ")
    assert len(table(page, "Kinds of errors").find_elements("css selector", "th button")) == 4


def test_texts_are_texts_and_nothing_is_loaded(page: Opened) -> None:
    assert page.run("return document.images.length") == 0
    assert page.run("return document.scripts.length") == 1
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert page.console() == []
    assert EVIL in page.one(".warnings li").text
    marks = page.all("td.marked mark")
    assert "مرحبا" in [one.text for one in marks]
    assert f"expected {EVIL}" in [one.text for one in page.all("td.marked .tag")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(page: Opened, scheme: str) -> None:
    media(page, scheme=scheme)
    for width in (1280, 390):
        page.widen(width)
        assert page.overflow() <= 0, width
    colour = page.run("return getComputedStyle(document.body).backgroundColor")
    assert colour == (DARK if scheme == "dark" else LIGHT)
    outside = page.run(
        """return [...document.querySelectorAll("main *")].filter((one) => !one.closest(".scroll, pre, svg")
        && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80));"""
    )
    assert outside == []


def test_paper_shows_all(page: Opened) -> None:
    seen = "return [...document.querySelectorAll('details > :not(summary)')].map((one) => one.checkVisibility())"
    assert page.run(seen) == [False, False]
    page.widen(718)  # A4 with its margins
    media(page, "print", "dark")
    assert page.run(seen) == [True, True]  # recipe and environment
    assert page.run("return getComputedStyle(document.body).backgroundColor") == LIGHT
    cut = """return [...document.querySelectorAll(".scroll, pre")].filter((one) =>
        one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > innerWidth).length"""
    assert page.run(cut) == 0
    assert page.all(".filter") == []
    media(page)
    typed(page, "Per class", "label 146")
    media(page, "print")
    assert len(page.all(".filter")) == 1  # of a table that is not whole
    media(page)
    data = page.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
    assert base64.b64decode(data).startswith(b"%PDF")
    assert page.run("return document.querySelector('details').open") is False


def test_a_matrix_of_thirty_labels_fits_on_paper(
    opened: Callable[[str, str], Opened],  # noqa: F811
    html: Callable[..., str],
) -> None:
    page = opened(html([f"label_{n}_of_this_name" for n in range(30)], 600), READY)
    page.widen(718)
    media(page, "print")
    assert page.overflow() <= 0
    media(page)


def test_without_the_script_all_rows_are_there(
    opened: Callable[[str, str], Opened],  # noqa: F811
    html: Callable[..., str],
    tmp_path: Path,
) -> None:
    text = html()
    begin, end = text.index("<script>\n"), text.rindex("</script>")
    page = opened(text[:begin] + text[end:], "return document.readyState === 'complete'")
    assert len(cells(page, "Per class", 0)) == 150
    assert page.all(".filter") == [] and page.all("th button") == []
    assert len(text.encode()) < 2_000_000
