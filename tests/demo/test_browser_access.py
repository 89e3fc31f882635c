"""Tests that everyone can use the page of `groupae demo`: by keyboard, narrow, in old browsers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.demo.browser import FEW, SMALL, Built, Opened, levels, opened, predicted, served

_NO_WASM = "--js-flags=--jitless"  # V8 then has no WebAssembly


# --- accessibility -------------------------------------------------------------------------------
def test_the_page_is_used_by_keyboard_alone(browser: Any, digits: Built) -> None:
    focused = (
        "document.activeElement.id || document.activeElement.type || document.activeElement.tagName"
    )
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
    const border = parse(getComputedStyle(element).borderTopColor);
    const found = ratio(border, ground(element.parentElement));
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


@pytest.mark.parametrize("theme", ["light", "dark"])
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


def test_an_embedded_page_follows_the_theme_around_it(
    browser: Any, digits: Built, tmp_path: Path
) -> None:
    shutil.copytree(digits.folder, tmp_path / "demo")
    frame = '<body data-theme="dark"><iframe src="demo/index.html?compact"></iframe></body>'
    (tmp_path / "index.html").write_text(frame)
    theme = "document.documentElement.dataset.theme"
    with served(tmp_path) as address:
        context = browser.new_context(color_scheme="light")
        page = context.new_page()
        page.goto(address)
        (inner,) = page.main_frame.child_frames
        inner.evaluate("GroupaeDemo.ready")
        assert inner.evaluate(theme) == "dark"
        page.evaluate("document.body.dataset.theme = 'light'")
        inner.wait_for_function(f"{theme} === 'light'")
        context.close()


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_narrow_page_does_not_scroll_sideways(browser: Any, build: Any, name: str) -> None:
    built = build(*SMALL[name])
    size = {"width": 400, "height": 800}
    with opened(browser, built.address, viewport=size) as page:
        assert page.run("document.documentElement.scrollWidth") <= 400
        smallest = page.run("""Math.min(...[...document.querySelectorAll("main p, main span")]
            .filter((e) => e.checkVisibility())
            .map((e) => parseFloat(getComputedStyle(e).fontSize)))""")
        assert smallest >= 12


def test_a_page_can_change_its_width(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address) as page:
        for width in (700, 400, 1400, 736):
            page.page.set_viewport_size({"width": width, "height": 800})
            page.page.wait_for_timeout(100)
            assert page.run("document.documentElement.scrollWidth") <= width
        assert page.notice == ""
        assert page.complaints == []


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
        assert np.abs(page.pixels().astype(int) - wanted).max() <= FEW


@pytest.mark.parametrize(
    ("model", "word"),
    [
        ("window.GROUPAE_MODEL = {description: {format: 2}};", "format 2"),
        ("", "no format"),
        (None, "model.js is missing"),
    ],
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
