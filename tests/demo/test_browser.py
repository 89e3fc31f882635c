"""Tests of the page of `groupae demo`, as a person uses it in headless Chromium."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import groupae
from groupae import SO2, SO3, Affine, Cyclic, Group, LatentActionAE
from groupae.demo import Facts, write_demo
from groupae.demo.group_controls import control_of
from tests.demo.browser import (
    Opened,
    chromium,
    installed_runtime,
    levels,
    opened,
    predicted,
    served,
)

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

_FEW = 2  # levels of 255 that pictures may differ by
_STILL = "?play=0"  # no sweep when the page opens
_NO_WASM = "--js-flags=--jitless"  # V8 then has no WebAssembly


@dataclasses.dataclass(frozen=True)
class Built:
    """A written page, its model and the pictures on it."""

    folder: Path
    model: LatentActionAE
    x: Tensor

    @property
    def address(self) -> str:
        return f"file://{self.folder}/index.html{_STILL}"

    @property
    def group(self) -> Group:
        return self.model.action.group


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Any]]:
    """Return a function that starts Chromium."""
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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


# --- pictures ------------------------------------------------------------------------------------
_SMALL = {
    "angle": (SO2(), "3x0 + 2x1 + 2x2", (1, 12, 12), [[0.0], [37.0], [-141.0]]),
    "steps": (Cyclic(6), "3x0 + 2x1 + 1x3", (3, 12, 12), [[0.0], [1.0], [5.0]]),
    "ball": (SO3(), "3x0 + 2x1", (3, 12, 12), None),
    "affine": (Affine(), "3x0 + 2xstd", (1, 12, 12), [[1.0, 0.0], [1.7, 0.2], [0.6, -0.4]]),
}


def _rotations() -> list[list[float]]:
    R = SO3().sample(3, generator=torch.Generator().manual_seed(2))
    found: list[list[float]] = R.flatten(1).tolist()
    return found


@pytest.mark.parametrize("name", tuple(_SMALL))
def test_pictures_equal_those_of_torch(browser: Any, build: Any, name: str) -> None:
    group, representation, shape, parameters = _SMALL[name]
    built = build(group, representation, shape)
    control = control_of(group)
    with opened(browser, built.address) as page:
        for i, p in enumerate(parameters or _rotations()):
            page.run("i => GroupaeDemo.page.choose(i)", i)
            taken = torch.tensor([page.go(p)], dtype=torch.float32)
            wanted = levels(predicted(built.model, control.element(taken)[0], built.x[i]))
            assert np.abs(page.pixels().astype(int) - wanted).max() <= _FEW
            assert np.ptp(wanted) > 10 * _FEW  # not one flat grey
        assert page.complaints == []


@pytest.mark.parametrize("name", ("angle", "steps"))
def test_swaps_equal_those_of_torch(browser: Any, build: Any, name: str) -> None:
    group, representation, shape, parameters = _SMALL[name]
    built = build(group, representation, shape)
    with opened(browser, built.address) as page:
        page.run("GroupaeDemo.page.choose(3)")
        page.run("GroupaeDemo.page.swap.choose(4)")
        taken = page.go(parameters[1], "page.swap.bench")
        g = control_of(group).element(torch.tensor([taken], dtype=torch.float32))
        moved = predicted(built.model, g[0], built.x[4])
        with torch.no_grad():
            z = [built.model.encode(built.x[i : i + 1]) for i in (3, 4)]
            swap = built.model.decode(built.model.action(g, built.model.action.swap(*z)))[0]
        for canvas, wanted in (("swap-second", moved), ("swap-result", swap)):
            difference = np.abs(page.pixels(canvas).astype(int) - levels(wanted))
            assert difference.max() <= _FEW


def test_orbit_strip_shows_predictions(shown: Opened, digits: Built) -> None:
    shown.run("GroupaeDemo.page.choose(1)")
    shown.run("async () => GroupaeDemo.page.strip.take(await GroupaeDemo.page.bench.turner.codes[0])")
    shown.run("GroupaeDemo.page.strip.canvases[3].id = 'fourth'")
    p = shown.run("GroupaeDemo.page.engine.description.orbit.p[3]")
    g = torch.deg2rad(torch.tensor(p))[0]
    wanted = levels(predicted(digits.model, g, digits.x[1]))
    assert np.abs(shown.pixels("fourth").astype(int) - wanted).max() <= _FEW


def test_invariants_stand_still_while_others_move(browser: Any, digits: Built) -> None:
    script = """GroupaeDemo.page.latents.rows.map(({ canvas }) => canvas.toDataURL())"""
    with opened(browser, digits.address) as page:
        before = page.run(script)
        page.go([50.0])
        after = page.run(script)
    assert before[0] == after[0]
    assert all(a != b for a, b in zip(before[1:5], after[1:5], strict=True))


# --- network and console -------------------------------------------------------------------------
def test_a_page_from_disk_asks_for_nothing_but_its_files(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address, offline=True) as page:
        page.go([30.0])
        page.page.wait_for_timeout(200)
    asked = [url for url in page.requests if not url.startswith(("blob:null/", "data:"))]
    assert all(url.startswith(f"file://{digits.folder}/") for url in asked)
    assert page.complaints == []


def test_a_served_page_stays_on_its_origin(browser: Any, digits: Built) -> None:
    with served(digits.folder) as address, opened(browser, address + _STILL) as page:
        page.go([30.0])
        origin = address.rsplit("/", 1)[0]
        assert all(origin in url for url in page.requests if not url.startswith("data:"))
        assert len(page.requests) > 5
        assert page.complaints == []


# --- controls ------------------------------------------------------------------------------------
def test_the_slider_changes_the_picture(shown: Opened) -> None:
    shown.go([0.0])
    before, count = shown.pixels(), shown.updates()
    shown.page.get_by_label("Angle").first.fill("90")
    shown.wait_for_update(count)
    assert np.abs(shown.pixels().astype(int) - before).mean() > 5


def test_dragging_round_the_picture_turns_it_along(shown: Opened) -> None:
    shown.go([0.0])
    box = shown.page.locator("#prediction").bounding_box()
    x, y, r = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 3
    shown.page.mouse.move(x + r, y)
    shown.page.mouse.down()
    for angle in np.deg2rad(np.arange(5, 95, 5)):  # counter-clockwise, as it is seen
        shown.page.mouse.move(x + r * np.cos(angle), y - r * np.sin(angle))
    shown.page.mouse.up()
    (found,) = shown.run("GroupaeDemo.page.bench.control.value")
    assert found == pytest.approx(90, abs=3)


def test_a_ball_is_turned_by_drag_keys_and_buttons(browser: Any, build: Any) -> None:
    built = build(*_SMALL["ball"][:3])
    with opened(browser, built.address) as page:
        canvas = page.page.locator("#prediction")
        canvas.focus()
        for key in ("ArrowRight", "ArrowUp", "PageUp"):
            before = page.run("GroupaeDemo.page.bench.control.value")
            page.page.keyboard.press(key)
            assert page.run("GroupaeDemo.page.bench.control.value") != before
        page.page.get_by_label("Roll clockwise").first.click()
        box = canvas.bounding_box()
        page.page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.page.mouse.down()
        page.page.mouse.move(box["x"] + 120, box["y"] + 60, steps=5)
        page.page.mouse.up()
        R = torch.tensor(page.run("GroupaeDemo.page.bench.control.value")).view(3, 3)
        assert R.shape == (3, 3)
        assert torch.allclose(R @ R.T, torch.eye(3), atol=1e-6)
        assert float(torch.linalg.det(R)) == pytest.approx(1, abs=1e-6)
        page.page.locator("#reset").click()
        start = torch.tensor(page.run("GroupaeDemo.page.bench.control.value"))
        assert torch.equal(start.view(3, 3), torch.eye(3))


def test_play_moves_and_pause_stops(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address) as page:
        button, count = page.page.locator("#play"), page.updates()
        button.click()
        page.page.wait_for_function(f"GroupaeDemo.page.bench.turner.updates > {count + 5}")
        assert button.inner_text() == "Pause"
        button.click()
        page.run("GroupaeDemo.page.bench.turner.running")
        page.page.wait_for_timeout(300)
        count = page.updates()
        page.page.wait_for_timeout(300)
        assert page.updates() == count
        assert button.inner_text() == "Play"


def test_reduced_motion_moves_nothing_by_itself(browser: Any, digits: Built) -> None:
    address = digits.address.removesuffix(_STILL)
    with opened(browser, address, reduced_motion="reduce") as page:
        count = page.updates()
        page.page.wait_for_timeout(700)
        assert page.updates() == count
        page.page.locator("#play").click()
        page.page.wait_for_timeout(1500)
        assert 1 <= page.updates() - count <= 2  # one still step per second
    with opened(browser, address, reduced_motion="no-preference") as page:
        page.wait_for_update(page.updates() + 3)


def test_stale_results_are_left_out(shown: Opened, digits: Built) -> None:
    count = shown.updates()
    shown.run("""async () => {
        const { bench } = GroupaeDemo.page;
        for (let p = 0; p < 100; p++) bench.go([p]);
        await bench.go([123]);
    }""")
    assert shown.updates() - count <= 3
    wanted = levels(predicted(digits.model, torch.deg2rad(torch.tensor(123.0)), _input(shown)))
    assert np.abs(shown.pixels().astype(int) - wanted).max() <= _FEW


def _input(page: Opened) -> Tensor:
    return torch.from_numpy(page.pixels("input")[..., 0].copy()).float()[None] / 255


# --- own pictures --------------------------------------------------------------------------------
def _png(mode: str, size: tuple[int, int], colour: Any) -> bytes:
    image = pytest.importorskip("PIL.Image")
    stream = io.BytesIO()
    image.new(mode, size, colour).save(stream, "png")
    return stream.getvalue()


def test_an_own_picture_is_fitted_on_the_ground(shown: Opened) -> None:
    content = _png("RGB", (40, 20), (255, 0, 0))  # wide and red
    file = {"name": "red.png", "mimeType": "image/png", "buffer": content}
    shown.page.locator("#file").set_input_files([file])
    shown.page.wait_for_function("document.getElementById('status').textContent.includes('red.png')")
    found = shown.pixels("input")[..., 0].astype(int)
    assert (found[:6] == 0).all()
    assert (found[-6:] == 0).all()
    assert np.abs(found[9:19] - 0.299 * 255).max() <= 1
    assert shown.notice == ""


def test_transparent_parts_show_the_ground(shown: Opened) -> None:
    content = _png("RGBA", (28, 28), (255, 255, 255, 0))
    file = {"name": "clear.png", "mimeType": "image/png", "buffer": content}
    shown.page.locator("#file").set_input_files([file])
    shown.page.wait_for_function(
        "document.getElementById('status').textContent.includes('clear.png')"
    )
    assert (shown.pixels("input") == 0).all()


_DROP = """([name, text]) => {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  if (name) dataTransfer.items.add(new File([bytes], name));
  const options = { dataTransfer, bubbles: true, cancelable: true };
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", options));
}"""


@pytest.mark.parametrize("name", ("notes.txt", "broken.png", ""))
def test_a_dropped_file_that_is_no_picture_gets_a_sentence(shown: Opened, name: str) -> None:
    before = shown.pixels("input")
    shown.run(_DROP, [name, base64.b64encode(b"no picture").decode()])
    shown.page.locator("#notice").wait_for(state="visible")
    assert name in shown.notice
    assert shown.notice.endswith(".")
    assert (shown.pixels("input") == before).all()
    shown.run("GroupaeDemo.page.choose(0)")
    assert shown.notice == ""


def test_a_dropped_picture_is_shown(shown: Opened) -> None:
    content = base64.b64encode(_png("L", (50, 50), 200)).decode()
    shown.run(_DROP, ["grey.png", content])
    shown.page.wait_for_function(
        "document.getElementById('status').textContent.includes('grey.png')"
    )
    assert (np.abs(shown.pixels("input").astype(int) - 200) <= 1).all()


def test_a_digit_is_drawn_by_mouse_and_by_keyboard(shown: Opened) -> None:
    shown.page.locator("#draw").click()
    shown.page.wait_for_timeout(100)
    assert (shown.pixels("input") == 0).all()
    box = shown.page.locator("#input").bounding_box()
    shown.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"], steps=6)
    shown.page.mouse.up()
    shown.run("GroupaeDemo.page.take(GroupaeDemo.page.drawn)")
    drawn = shown.pixels("input")[..., 0]
    assert drawn[8].max() > 200
    assert drawn[20].max() == 0
    shown.page.locator("#clear").click()
    shown.page.locator("#input").focus()
    for key in (" ", *["ArrowDown"] * 8, " ", *["ArrowRight"] * 5):
        shown.page.keyboard.press(key)
    shown.run("GroupaeDemo.page.take(GroupaeDemo.page.drawn)")
    drawn = shown.pixels("input")[..., 0]
    assert (drawn[14:23, 13:15].max(1) > 100).all()
    assert drawn[:, 18:].max() == 0  # the pen was lifted
    shown.run("GroupaeDemo.page.choose(0)")


# --- accessibility -------------------------------------------------------------------------------
def test_the_page_is_used_by_keyboard_alone(browser: Any, digits: Built) -> None:
    focused = "document.activeElement.id || document.activeElement.type || document.activeElement.tagName"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    with opened(browser, digits.address) as page:
        seen, unmarked = [], []
        for _ in range(60):
            page.page.keyboard.press("Tab")
            seen.append(page.run(focused))
            # the frame of a radio button shows the focus; the body has it between two rounds
            if seen[-1] not in ("radio", "BODY") and page.run(outline) == "none":
                unmarked.append(seen[-1])
        assert unmarked == []
        assert seen.count("radio") >= 2
        assert {"open", "draw", "play", "reset", "theme"} <= set(seen)
        page.page.locator("#control input").focus()
        before, count = page.pixels(), page.updates()
        page.page.keyboard.press("PageUp")
        page.wait_for_update(count)
        assert (page.pixels() != before).any()
        page.page.locator("#thumbnails input:checked").focus()
        page.page.keyboard.press("ArrowRight")
        said = "document.getElementById('status').textContent.startsWith('Test picture 2')"
        page.page.wait_for_function(said)


def test_every_control_has_a_name(shown: Opened) -> None:
    unnamed = shown.run("""[...document.querySelectorAll("button, input, canvas[role]")].filter(e =>
        !(e.ariaLabel || e.innerText || (e.labels && e.labels[0]?.innerText) || e.id === "file")
    ).map(e => e.outerHTML)""")
    assert unnamed == []
    assert shown.run("document.querySelector('[role=status]').ariaLive") == "polite"


_CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(element).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  document.getElementById("notice").hidden = false;
  document.getElementById("notice").textContent = "A sentence.";
  const poor = [];
  let count = 0;
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!words || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const found = ratio(parse(style.color), ground(element));
    count += 1;
    if (found < (isLarge ? 3 : 4.5)) poor.push([element.outerHTML.slice(0, 80), found]);
  }
  for (const element of document.querySelectorAll("button")) {
    if (!element.checkVisibility() || element.closest(".strip")) continue;
    const found = ratio(parse(getComputedStyle(element).borderTopColor), ground(element.parentElement));
    if (found < 3) poor.push([element.outerHTML.slice(0, 80), found]);
  }
  const style = getComputedStyle(document.body);
  const colour = (name) => {
    const made = document.createElement("i");
    made.style.color = `var(--${name})`;
    document.body.append(made);
    return parse(getComputedStyle(made).color);
  };
  for (const name of ["invariant", "moving", "accent"]) {
    const found = ratio(colour(name), ground(document.body));
    if (found < 3) poor.push([name, found]);
  }
  return { poor, count };
}"""


@pytest.mark.parametrize("theme", ("light", "dark"))
def test_contrast_is_that_of_wcag_aa(browser: Any, digits: Built, theme: str) -> None:
    with opened(browser, digits.address, color_scheme=theme) as page:
        found = page.run(_CONTRAST)
    assert found["poor"] == []
    assert found["count"] > 30


def test_themes_follow_the_system_the_address_and_the_button(browser: Any, digits: Built) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, digits.address, color_scheme="dark") as page:
        dark = page.run(ground)
        page.page.locator("#theme").click()
        light = page.run(ground)
        assert light == "rgb(255, 255, 255)"
        assert dark != light
    with opened(browser, f"{digits.address}&theme=dark", color_scheme="light") as page:
        assert page.run(ground) == dark


@pytest.mark.parametrize("name", tuple(_SMALL))
def test_a_narrow_page_does_not_scroll_sideways(browser: Any, build: Any, name: str) -> None:
    built = build(*_SMALL[name][:3])
    size = {"width": 400, "height": 800}
    with opened(browser, built.address, viewport=size) as page:
        assert page.run("document.documentElement.scrollWidth") <= 400
        smallest = page.run("""Math.min(...[...document.querySelectorAll("main p, main label, main span")]
            .filter(e => e.checkVisibility()).map(e => parseFloat(getComputedStyle(e).fontSize)))""")
        assert smallest >= 12


def test_a_compact_page_is_short_and_without_swap(browser: Any, digits: Built) -> None:
    height = "document.documentElement.scrollHeight"
    with opened(browser, digits.address) as page:
        whole = page.run(height)
    with opened(browser, f"{digits.address}&compact") as page:
        assert page.run(height) < 0.75 * whole
        assert not page.page.locator("#swap").is_visible()
        assert not page.page.locator("footer").is_visible()


# --- browsers that lack something, and damaged folders -------------------------------------------
def _assert_still(page: Opened, *words: str) -> None:
    assert all(word in page.notice for word in words)
    assert not page.page.locator("#app").is_visible()
    size = page.run("document.querySelector('#still img').naturalWidth")
    assert page.page.locator("#still img").is_visible()
    assert size > 0


def test_without_webassembly_there_is_a_still_orbit_and_a_sentence(
    launch: Callable[..., Any], digits: Built
) -> None:
    browser = launch(_NO_WASM)
    with opened(browser, digits.address) as page:
        assert page.run("typeof WebAssembly") == "undefined"
        _assert_still(page, "WebAssembly")
        assert page.complaints == []
    browser.close()


def test_without_decompression_there_is_a_still_orbit(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address, "delete window.DecompressionStream") as page:
        _assert_still(page, "DecompressionStream")


def test_without_workers_the_page_runs_the_model_itself(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address, "delete window.Worker") as page:
        page.go([45.0])
        wanted = levels(predicted(digits.model, torch.deg2rad(torch.tensor(45.0)), digits.x[0]))
        assert np.abs(page.pixels().astype(int) - wanted).max() <= _FEW


@pytest.mark.parametrize(
    ("model", "word"),
    (
        ("window.GROUPAE_MODEL = {description: {format: 2}};", "format 2"),
        ("", "no format"),
        (None, "model.js is missing"),
    ),
)
def test_a_wrong_folder_gets_a_sentence(
    browser: Any, digits: Built, tmp_path: Path, model: str | None, word: str
) -> None:
    for file in digits.folder.iterdir():
        if file.name not in ("model.js", "runtime.js"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "runtime.js").write_text("")
    if model is not None:
        (tmp_path / "model.js").write_text(model)
    with opened(browser, f"file://{tmp_path}/index.html") as page:
        _assert_still(page, word)


# --- speed and size; limits are generous, for machines that do other work ------------------------
def test_the_first_picture_comes_soon_and_updates_are_fast(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address) as page:
        assert page.run("performance.now()") < 20_000  # 1 s on two idle cores
        rate = page.run("""async () => {
          const { bench } = GroupaeDemo.page;
          const [count, begin] = [bench.turner.updates, performance.now()];
          while (performance.now() - begin < 1500) {
            bench.control.advance(0.02);
            bench.turner.update();
            await new Promise(requestAnimationFrame);
          }
          return 1000 * (bench.turner.updates - count) / (performance.now() - begin);
        }""")
        assert rate > 5  # 60 on two idle cores


def test_the_folder_is_small(digits: Built) -> None:
    assert sum(file.stat().st_size for file in digits.folder.iterdir()) < 15e6
