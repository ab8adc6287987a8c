"""Debian's headless Chromium, driven by playwright; nothing that it opens reaches further than this machine."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession
    from playwright.sync_api import Page as Tab

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def path() -> str | None:
    """Where Chromium is installed, if it is."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


def missing() -> str:
    """What is not there to open pages with, as a reason not to run; empty where nothing is missing."""
    if path() is None:
        return "CHROMIUM: no Chromium is installed"
    return "" if find_spec("playwright") else "PLAYWRIGHT: not installed (make test-all)"


def axe() -> str:
    """The source of axe-core, as it comes with its package."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


class Browser:
    """One running browser."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context

    @contextmanager
    def page(self, url: str, *, width: int = 1280, height: int = 900, **media: str) -> Generator[Page]:
        """Open `url` in a tab of its own; `media` are features such as `prefers_color_scheme="dark"`."""
        tab = self._context.new_page()
        page = Page(tab, self._context.new_cdp_session(tab))
        for domain in ("Page", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        page.call("Emulation.setEmulatedMedia", features=features)
        tab.goto(url, wait_until="load")
        yield page
        tab.close()


class Page:
    """One tab. Scripts run in the debugger, past the page's own policy, which stays in force for the page."""

    def __init__(self, tab: Tab, session: CDPSession) -> None:
        self._tab = tab
        self._session = session
        self._requests: list[str] = []
        self._complaints: list[str] = []
        session.on("Network.requestWillBeSent", lambda event: self._requests.append(event["request"]["url"]))
        session.on("Log.entryAdded", lambda event: self._complaints.append(event["entry"]["text"]))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of Chromium's debugging protocol to this tab."""
        return self._session.send(method, params)

    def resize(self, width: int, height: int = 900) -> None:
        """Make the window so many CSS pixels wide and high; a narrow one is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression or its promise."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key, such as `Tab`."""
        self._tab.keyboard.press(key)

    def requests(self) -> list[str]:
        """Every address that this tab asked for."""
        self.evaluate("1")
        return list(self._requests)

    def complaints(self) -> list[str]:
        """What the browser logged: blocked by policy, broken markup, failed loads."""
        self.evaluate("1")
        return list(self._complaints)

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        return self._tab.screenshot(full_page=True)

    def pdf(self, **options: Any) -> bytes:
        """The page as it prints, on the paper that it asks for, or on `format="A4"`."""
        return self._tab.pdf(print_background=True, prefer_css_page_size=not options, **options)


@contextmanager
def browser(profile: Path) -> Generator[Browser]:
    """Start Chromium with the empty folder `profile`, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile, executable_path=path(), headless=True, args=list(FLAGS)
        )
        yield Browser(context)
        context.close()
