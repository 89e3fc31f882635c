"""Pages of `groupae demo` in headless Chromium, for the tests of this folder."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from typing_extensions import override

from groupae import SO2, SO3, Affine, Cyclic, Group
from groupae.demo.runtime import PACKAGE, Runtime, find_runtime
from groupae.models import LatentActionAE

FEW = 2  # levels of 255 that pictures of the page and of torch may differ by
STILL = "?play=0"  # no sweep when the page opens

# pixels of a canvas as base64 of its red, green and blue bytes
_PIXELS = """id => {
  const canvas = document.getElementById(id);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const bytes = data.filter((_, i) => i % 4 !== 3);
  return [canvas.height, canvas.width, btoa(String.fromCharCode(...bytes))];
}"""


def chromium() -> str:
    """Return the path of Chromium, or skip the test."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium: install it, or name it in the environment variable CHROMIUM")
    return found


def installed_runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Return onnxruntime-web of the cache or of ``$ONNXRUNTIME_WEB``, or skip the test."""
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # tests use no network
    try:
        return find_runtime(os.environ.get("ONNXRUNTIME_WEB"))
    except OSError:
        pytest.skip(f"no {PACKAGE} in the cache: groupae demo downloads it once")


@dataclasses.dataclass(frozen=True)
class Built:
    """A written page, its model and the pictures on it."""

    folder: Path
    model: LatentActionAE
    x: Tensor

    @property
    def address(self) -> str:
        return f"file://{self.folder}/index.html{STILL}"

    @property
    def group(self) -> Group:
        return self.model.action.group


@dataclasses.dataclass
class Opened:
    """A page, with everything that it asked for and complained about."""

    page: Any
    requests: list[str]
    complaints: list[str]

    def run(self, script: str, *arguments: Any) -> Any:
        """Return the value of an expression of JavaScript."""
        return self.page.evaluate(script, *arguments)

    def pixels(self, canvas: str = "prediction") -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return what a canvas shows, shape ``(H, W, 3)``."""
        height, width, text = self.run(_PIXELS, canvas)
        data = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
        return data.reshape(height, width, 3)

    def go(self, p: list[float], bench: str = "page.bench") -> list[float]:
        """Move a control, wait for its picture, and return the parameters that it took."""
        script = f"p => GroupaeDemo.{bench}.go(p).then(() => GroupaeDemo.{bench}.control.value)"
        found: list[float] = self.run(script, p)
        return found

    def updates(self) -> int:
        """Return the number of predictions shown so far."""
        found: int = self.run("GroupaeDemo.page.bench.turner.updates")
        return found

    def wait_for_update(self, since: int) -> None:
        """Wait until another prediction is shown."""
        self.page.wait_for_function(f"GroupaeDemo.page.bench.turner.updates > {since}")

    @property
    def notice(self) -> str:
        """The sentence on what went wrong, empty unless it is seen."""
        place = self.page.locator("#notice")
        return place.inner_text() if place.is_visible() else ""


@contextlib.contextmanager
def opened(browser: Any, address: str, script: str = "", **options: Any) -> Iterator[Opened]:
    """Open an address and wait for the first prediction or for the sentence in its place."""
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(**options)
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(60_000)
    found = Opened(page, [], [])
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda said: found.complaints.append(said.text))
    try:
        page.goto(address)
        page.evaluate("GroupaeDemo.ready")
        yield found
    finally:
        context.close()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        @override
        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/index.html"
        finally:
            server.shutdown()
            thread.join()


def levels(x: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture ``(C, H, W)`` in [0, 1] as bytes ``(H, W, 3)``."""
    x = x.expand(3, *x.shape[1:]).clamp(0, 1)
    return (x * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def predicted(model: LatentActionAE, g: Tensor, x: Tensor) -> Tensor:
    """Return torch's prediction of one picture, shape ``(C, H, W)``."""
    with torch.no_grad():
        return model.transform(g[None], x[None])[0]


SMALL: dict[str, tuple[Group, str, tuple[int, int, int]]] = {
    "angle": (SO2(), "3x0 + 2x1 + 2x2", (1, 12, 12)),
    "steps": (Cyclic(6), "3x0 + 2x1 + 1x3", (3, 12, 12)),
    "ball": (SO3(), "3x0 + 2x1", (3, 12, 12)),
    "affine": (Affine(), "3x0 + 2xstd", (1, 12, 12)),
}
"""Models with each kind of control: group, representation and shape of pictures."""
