"""A server with a tiny Run of every task and an index, and a browser that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from bertkit.tasks import TASKS
from tests.helpers import VARIANTS, tiny_recipe, write_rows
from tests.search.index.conftest import ROWS, silent

KEY = "a-key-of-the-test"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-US")
WAIT = 20.0
"""Seconds for an answer of the page."""


def _open_sockets() -> None:
    """Those of this machine: the browser's driver listens there."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def runs(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A Run of every task, by its name."""
    from bertkit import train

    found = {}
    for name in TASKS:
        folder = tmp_path_factory.mktemp(name)
        options = VARIANTS.get(name, [{}])[0]
        train(tiny_recipe(name, options, tiny_bert, folder, repeat=1, max_steps=1), output=folder / "run")
        found[name] = folder / "run"
    return found


@pytest.fixture(scope="session")
def indexed(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index of a few documents, one of which holds HTML."""
    from bertkit.recipe.schema import DataBlock
    from bertkit.search.index.about import VectorModel
    from bertkit.search.index.building import build
    from bertkit.search.index.rows import Documents

    folder = tmp_path_factory.mktemp("indexed")
    rows = [*ROWS, {"id": "d6", "text": "<b>the cat</b><script>alert(1)</script>", "year": 2025, "lang": "en"}]
    documents = Documents(str(write_rows(rows, folder / "documents.jsonl")), DataBlock())
    build(str(folder / "index"), documents, VectorModel(str(tiny_bert)), silent)
    return str(folder / "index")


@pytest.fixture(scope="session")
def address(runs: dict[str, Path], indexed: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that needs a key, as the browser takes it."""
    models = [f"{name}={folder}" for name, folder in runs.items()]
    command = [sys.executable, "-m", "bertkit", "serve", *models, "--index", f"documents={indexed}", "--port", "0"]
    log = tmp_path_factory.mktemp("server") / "log"
    environment = {**os.environ, "BERTKIT_KEYS": f"tester:{KEY}", "OMP_NUM_THREADS": "1"}
    with log.open("w") as stream:
        process = subprocess.Popen([*command, "--device", "cpu"], env=environment, stderr=stream)
    try:
        port = _port(process, log)
        yield f"http://tester:{KEY}@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _port(process: subprocess.Popen[bytes], log: Path) -> str:
    import time

    for _ in range(1200):
        if found := re.search(r"at http://127\.0\.0\.1:(\d+)", log.read_text()):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser without windows."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    own = shutil.which("chromedriver")
    if browser is None or own is None:
        pytest.skip("no chromium with its chromedriver on this machine")
    _open_sockets()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(own))
    yield found
    _open_sockets()
    found.quit()


@dataclass
class Page:
    """What a test does on the page."""

    driver: Any
    address: str

    def open(self, path: str = "/", width: int = 1280) -> None:
        """Args: width: of the window, in pixels."""
        self.widen(width)
        self.driver.get("about:blank")
        self.driver.get(self.address + path)
        self.until("return document.querySelector('main > :not(noscript)') && !document.querySelector('main > .state')")

    def widen(self, width: int) -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def until(self, script: str, *arguments: Any) -> Any:
        """What a script gives, as soon as that is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, WAIT, 0.05).until(lambda one: one.execute_script(script, *arguments), script)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[Any]:
        """The elements that can be seen."""
        return [one for one in self.driver.find_elements("css selector", selector) if one.is_displayed()]

    def one(self, selector: str) -> Any:
        (found,) = self.all(selector)
        return found

    def write(self, field: str, text: str) -> None:
        element = self.one(f'[data-field="{field}"]')
        self.run("arguments[0].value = arguments[1]", element, text)

    def choose(self, field: str, value: str) -> None:
        self.write(field, value)

    def ask(self) -> Any:
        """Send the form that can be seen; returns its answer, an element."""
        self.one(".go").click()
        return self.answer()

    def answer(self) -> Any:
        answer = next(iter(self.all(".result"))).find_element("css selector", ".answer")
        done = "return arguments[0].getAttribute('aria-busy') === 'false' && arguments[0].childElementCount > 0"
        self.until(done, answer)
        return answer

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def console(self) -> list[str]:
        """What the browser complains of."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def page(driver: Any, address: str) -> Page:
    """The page in English, with nothing on the console yet."""
    _open_sockets()
    found = Page(driver, address)
    driver.get(f"{address}/health")
    found.run("localStorage.clear()")
    found.console()
    return found
