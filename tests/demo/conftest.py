"""Pages of small models and of a trained one, and the browser that opens them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import groupae
from groupae import SO2, Group, LatentActionAE
from groupae.demo import Facts, write_demo
from tests.demo.browser import Built, Opened, chromium, installed_runtime, opened


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Any]]:
    """Return a function that starts Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = chromium()
    with playwright.sync_playwright() as started:

        def start(*flags: str) -> Any:
            args = ["--no-sandbox", *flags]
            return started.chromium.launch(executable_path=path, args=args)

        yield start


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Any]) -> Iterator[Any]:
    found = launch()
    yield found
    found.close()


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with onnxruntime-web as an npm package."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = installed_runtime(monkeypatch)
    folder = tmp_path_factory.mktemp("onnxruntime-web")
    (folder / "dist").mkdir()
    (folder / "dist/ort.wasm.bundle.min.mjs").write_bytes(found.loader)
    (folder / "dist/ort-wasm-simd-threaded.wasm").write_bytes(found.wasm)
    (folder / "package.json").write_text(f'{{"version": "{found.version}"}}')
    return folder


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Callable[..., Built]:
    """Return a function that writes the page of a small model, once per representation."""
    pages: dict[str, Built] = {}

    def make(group: Group, representation: str, shape: tuple[int, int, int]) -> Built:
        key = f"{group} {representation}"
        if key not in pages:
            torch.manual_seed(0)
            model = LatentActionAE.conv(group.rep(representation), shape, widths=(8,)).eval()
            x = torch.rand(5, *shape, generator=torch.Generator().manual_seed(1))
            x = (x * 255).round() / 255
            folder = tmp_path_factory.mktemp("page") / "demo"
            facts = Facts(title="A small model", summary="it is not trained", labels=list("abcde"))
            write_demo(model, x, folder, facts=facts, runtime=runtime)
            pages[key] = Built(folder, model, x)
        return pages[key]

    return make


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Built:
    """Return the page of the trained model of blocked digits."""
    model = groupae.load("zoo:blocked-digits")
    assert isinstance(model, LatentActionAE)
    x = groupae.BlockedDigits("test", size="tiny").fixed(8).x1.float()
    x = (x * 255).round() / 255
    folder = tmp_path_factory.mktemp("digits") / "demo"
    summary = "the digit turns, a white block in front of it stays"
    facts = Facts(title="Blocked digits", summary=summary, draws=True)
    write_demo(model, x, folder, facts=facts, runtime=runtime)
    return Built(folder, model, x)


@pytest.fixture(scope="module")
def shown(browser: Any, digits: Built) -> Iterator[Opened]:
    """Return the page of digits, open for tests that leave it usable."""
    with opened(browser, digits.address) as page:
        yield page


# --- without a browser ---------------------------------------------------------------------------
@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a folder like the installed npm package of the runtime, with other content."""
    folder = tmp_path / "onnxruntime-web"
    (folder / "dist").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": "9.9.9"}))
    (folder / "dist/ort.wasm.bundle.min.mjs").write_bytes(b"export default 1;")
    (folder / "dist/ort-wasm-simd-threaded.wasm").write_bytes(b"\0asm")
    return folder


@pytest.fixture
def small() -> tuple[LatentActionAE, Tensor]:
    """Return a model of pictures of 8 x 8 pixels as it is before training, and pictures."""
    rho = SO2().rep("2x0 + 3x1")
    return LatentActionAE.conv(rho, (1, 8, 8), widths=(8,)), torch.rand(3, 1, 8, 8)
