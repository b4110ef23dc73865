"""A headless Chromium, spoken to through a pipe: no port is opened, and no driver is needed."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_PATIENCE = 30.0
_KEYS = {"Tab": 9, "Home": 36, "End": 35, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, " ": 32}


class Browser:
    """One page.

    Attributes:
        heard: all events that the page sent, such as requests and what its console said.
    """

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._rest, self._number, self._session = b"", 0, ""
        self.heard: list[dict[str, Any]] = []

    def ask(self, method: str, **facts: Any) -> dict[str, Any]:
        """The answer to one command."""
        self._number += 1
        told: dict[str, Any] = {"id": self._number, "method": method, "params": facts}
        told |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(told).encode() + b"\0")
        while (said := self._next()).get("id") != self._number:
            self.heard.append(said)
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']}")
        answer: dict[str, Any] = said["result"]
        return answer

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            if not select.select([self._back], [], [], deadline - time.monotonic())[0]:
                raise TimeoutError("the browser says nothing")
            part = os.read(self._back, 1 << 20)
            if not part:
                raise EOFError("the browser has ended")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(message)
        return said

    def attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
            self.ask(f"{domain}.enable")

    def show(self, page: str, width: int = 1200, height: int = 900, *, dark: bool = False) -> None:
        """Open a page and wait until it is complete."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        before = self._loaded()
        self.ask("Page.navigate", url=page)
        self.until(lambda: self.run("0") == 0 and self._loaded() > before)

    def _loaded(self) -> int:
        return sum(each["method"] == "Page.loadEventFired" for each in self.heard)

    def until(self, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                raise TimeoutError("it never happened")
            time.sleep(0.02)

    def run(self, code: str) -> Any:
        """The value of an expression on the page."""
        found = self.ask("Runtime.evaluate", expression=code, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def press(self, key: str, times: int = 1) -> None:
        """A key, as from a keyboard."""
        facts: dict[str, Any] = {"key": key, "code": "Space" if key == " " else key}
        facts["windowsVirtualKeyCode"] = _KEYS[key]
        for _ in range(times):
            self.ask("Input.dispatchKeyEvent", type="keyDown", **facts, **({"text": " "} if key == " " else {}))
            self.ask("Input.dispatchKeyEvent", type="keyUp", **facts)

    def click(self, x: float, y: float) -> None:
        """The left button of the mouse."""
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def told(self) -> list[dict[str, Any]]:
        """What a screen reader gets: roles with names, values and states, in order.

        The browser makes them some time after the page, and anew after a change: two looks tell the same.
        """
        looks: list[list[dict[str, Any]]] = [[], self._tree()]

        def is_settled() -> bool:
            looks[:] = [looks[1], self._tree()]
            return len(looks[0]) > 1 and looks[0] == looks[1]

        self.until(is_settled)
        return looks[1]

    def _tree(self) -> list[dict[str, Any]]:
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [_as_said(node) for node in nodes if not node["ignored"]]

    def picture(self, path: Path | None = None) -> bytes:
        """What is seen, as PNG."""
        content = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        if path is not None:
            path.write_bytes(content)
        return content

    def requests(self) -> list[str]:
        """The addresses that were asked for."""
        self.run("0")
        sent = [each for each in self.heard if each["method"] == "Network.requestWillBeSent"]
        return [each["params"]["request"]["url"] for each in sent]

    def complaints(self) -> list[str]:
        """What the console told."""
        self.run("0")
        return [json.dumps(each["params"]) for each in self.heard if each["method"] in _COMPLAINTS]


_COMPLAINTS = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")


def _as_said(node: dict[str, Any]) -> dict[str, Any]:
    states = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
    words = {name: node[name].get("value", "") for name in ("role", "name", "value") if name in node}
    return {**states, **words}


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile in a folder; it ends with the block."""
    assert PROGRAM is not None
    to_read, to = os.pipe()
    back, back_write = os.pipe()
    words = [
        "bash", "-c", f'exec 3<&{to_read} 4>&{back_write}; exec "$@"', "browser", PROGRAM, "--headless", "--no-sandbox",
        "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage", "--no-first-run",
        "--force-color-profile=srgb", f"--user-data-dir={folder}", "--remote-debugging-pipe",
    ]  # fmt: skip
    running = subprocess.Popen(
        words, pass_fds=(to_read, back_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    os.close(to_read)
    os.close(back_write)
    try:
        page = Browser(to, back)
        page.attach()
        yield page
    finally:
        os.close(to)  # it ends when nobody speaks to it any more
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        os.close(back)
