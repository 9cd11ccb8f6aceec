"""Pages of the panel Understand in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serve.page.conftest import Page, driver  # noqa: F401 - a fixture


class Opened(Page):
    """A page that is a file."""

    def show(self, html: str, file: Path, ready: str) -> None:
        """Args: ready: a script that is true once the page is drawn."""
        file.write_text(html, "utf-8")
        self.widen(1280)
        self.driver.get(file.as_uri())
        self.until(ready)


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Callable[[str, str], Opened]:  # noqa: F811
    """`opened(html, ready)`: the page in a browser."""

    def show(html: str, ready: str) -> Opened:
        page = Opened(driver, "")
        driver.get("about:blank")
        page.console()
        page.show(html, tmp_path / "page.html", ready)
        return page

    return show
