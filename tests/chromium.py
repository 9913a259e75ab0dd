"""A real Chromium without a window, spoken to over two pipes: no port, no further package, and the page stays as it is.

The messages are those of the DevTools protocol, each ended by a zero byte; the browser reads descriptor 3 and writes 4.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]

_PATIENCE = 60.0  # seconds for one answer: a busy machine may take long to start a browser


class Browser:
    """A running browser with one tab, and everything that it complained about or asked for."""

    def __init__(self, program: str, profile: Path) -> None:
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._loaded = False
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # Above 9, so that no descriptor is overwritten by 3 or 4 before it was copied.
        high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (theirs_in, theirs_out)]
        self._pid = os.posix_spawn(
            program,
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            # A sanitizer that is preloaded into Python is not for a browser.
            {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, high[0], 3),
                (os.POSIX_SPAWN_DUP2, high[1], 4),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(profile / "stderr.txt"), os.O_WRONLY | os.O_CREAT, 0o600),
            ],
            setpgroup=0,
        )
        for descriptor in (theirs_in, theirs_out, *high):
            os.close(descriptor)

    def attach(self) -> None:
        """Wait until the browser answers, and listen to a tab of it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser and all that it started."""
        os.close(self._out)
        os.close(self._in)
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            octets = os.read(self._in, 1 << 16) if ready else b""
            if not octets:
                raise TimeoutError("the browser said nothing")
            self._rest += octets
        message, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(message)
        self._notice(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _notice(self, event: str, content: dict[str, Any]) -> None:
        """Keep what a console would show."""
        if event == "Log.entryAdded":
            self.complaints.append(f"{content['entry']['level']}: {content['entry']['text']}")
        elif event == "Runtime.consoleAPICalled":
            self.complaints.append(f"console.{content['type']}: {content['args']}")
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(f"exception: {content['exceptionDetails']['text']}")
        elif event == "Network.requestWillBeSent":
            self.requests.append(content["request"]["url"])
        elif event == "Page.loadEventFired":
            self._loaded = True

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._receive()
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                result: dict[str, Any] = heard["result"]
                return result

    def open(self, page: Path, *, width: int, scheme: str) -> None:
        """Show a file on a screen so many CSS pixels wide, light or dark."""
        self.complaints.clear()
        self.requests.clear()
        self._loaded = False
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844 if phone else 900,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._receive()

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        outcome = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in outcome:
            raise RuntimeError(outcome["exceptionDetails"])
        return outcome["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """Write the whole page, not only what the screen shows, as PNG."""
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """Run a browser for the length of a block."""
    browser = Browser(program, profile)
    try:
        browser.attach()
        yield browser
    finally:
        browser.close()
