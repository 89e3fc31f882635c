"""Tests of the page of `groupae demo`, as a person uses it in headless Chromium."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import groupae
from groupae import O2, SO3, LatentActionAE
from groupae.actions import LeftMultiplication
from groupae.demo import write_demo
from groupae.demo.group_controls import control_of
from tests.demo.browser import FEW, SMALL, STILL, Built, Opened, levels, opened, predicted, served

# --- pictures ------------------------------------------------------------------------------------
_PARAMETERS = {
    "angle": [[0.0], [37.0], [-141.0]],
    "steps": [[0.0], [1.0], [5.0]],
    "affine": [[1.0, 0.0], [1.7, 0.2], [0.6, -0.4]],
}


def _rotations() -> list[list[float]]:
    R = SO3().sample(3, generator=torch.Generator().manual_seed(2))
    found: list[list[float]] = R.flatten(1).tolist()
    return found


@pytest.mark.parametrize("name", sorted(SMALL))
def test_pictures_equal_those_of_torch(browser: Any, build: Any, name: str) -> None:
    built = build(*SMALL[name])
    control = control_of(built.group)
    with opened(browser, built.address) as page:
        for i, p in enumerate(_PARAMETERS.get(name) or _rotations()):
            page.run("i => GroupaeDemo.page.choose(i)", i)
            taken = torch.tensor([page.go(p)], dtype=torch.float32)
            wanted = levels(predicted(built.model, control.element(taken)[0], built.x[i]))
            assert np.abs(page.pixels().astype(int) - wanted).max() <= FEW
            assert np.ptp(wanted) > 10 * FEW  # not one flat grey
        assert page.complaints == []


@pytest.mark.parametrize("name", ["angle", "steps"])
def test_swaps_equal_those_of_torch(browser: Any, build: Any, name: str) -> None:
    built = build(*SMALL[name])
    with opened(browser, built.address) as page:
        page.run("GroupaeDemo.page.choose(3)")
        page.run("GroupaeDemo.page.swap.choose(4)")
        taken = page.go(_PARAMETERS[name][1], "page.swap.bench")
        g = control_of(built.group).element(torch.tensor([taken], dtype=torch.float32))
        moved = predicted(built.model, g[0], built.x[4])
        with torch.no_grad():
            z = [built.model.encode(built.x[i : i + 1]) for i in (3, 4)]
            swap = built.model.decode(built.model.action(g, built.model.action.swap(*z)))[0]
        for canvas, wanted in (("swap-second", moved), ("swap-result", swap)):
            difference = np.abs(page.pixels(canvas).astype(int) - levels(wanted))
            assert difference.max() <= FEW


def test_orbit_strip_shows_predictions(shown: Opened, digits: Built) -> None:
    shown.run("GroupaeDemo.page.choose(1)")
    shown.run(
        "async () => GroupaeDemo.page.strip.take(await GroupaeDemo.page.bench.turner.codes[0])"
    )
    shown.run("GroupaeDemo.page.strip.canvases[3].id = 'fourth'")
    p = shown.run("GroupaeDemo.page.engine.description.orbit.p[3]")
    g = torch.deg2rad(torch.tensor(p))[0]
    wanted = levels(predicted(digits.model, g, digits.x[1]))
    assert np.abs(shown.pixels("fourth").astype(int) - wanted).max() <= FEW


def test_invariants_stand_still_while_others_move(browser: Any, digits: Built) -> None:
    script = """GroupaeDemo.page.latents.rows.map(({ canvas }) => canvas.toDataURL())"""
    with opened(browser, digits.address) as page:
        before = page.run(script)
        page.go([50.0])
        after = page.run(script)
    assert before[0] == after[0]
    assert all(a != b for a, b in zip(before[1:5], after[1:5], strict=True))


# --- network and console -------------------------------------------------------------------------
def test_a_code_without_rows_says_so_and_turns(browser: Any, runtime: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    encode = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 9), torch.nn.Unflatten(1, (3, 3))
    )
    decode = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(9, 64), torch.nn.Unflatten(1, (1, 8, 8))
    )
    model = LatentActionAE(encode, decode, LeftMultiplication(SO3())).eval()
    x = torch.rand(2, 1, 8, 8).mul(255).round() / 255
    write_demo(model, x, tmp_path / "demo", runtime=runtime)
    with opened(browser, Built(tmp_path / "demo", model, x).address) as page:
        assert page.notice == ""
        assert "It is not drawn" in page.page.locator("#latents").inner_text()
        (p,) = _rotations()[:1]
        page.go(p)
        wanted = levels(predicted(model, torch.tensor(p).reshape(3, 3), x[0]))
        assert np.abs(page.pixels().astype(int) - wanted).max() <= FEW
        assert page.complaints == []


def test_a_page_from_disk_asks_for_nothing_but_its_files(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address, offline=True) as page:
        page.go([30.0])
        page.page.wait_for_timeout(200)
    asked = [url for url in page.requests if not url.startswith(("blob:null/", "data:"))]
    assert all(url.startswith(f"file://{digits.folder}/") for url in asked)
    assert page.complaints == []


def test_a_served_page_stays_on_its_origin(browser: Any, digits: Built) -> None:
    with served(digits.folder) as address, opened(browser, address + STILL) as page:
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


def test_dragging_round_a_picture_never_mirrors_it(browser: Any, build: Any) -> None:
    built = build(O2(), "3x0 + 2x1", (1, 12, 12))
    with opened(browser, built.address) as page:
        page.run("GroupaeDemo.page.bench.control.drag({ dx: 0, dy: -0.8, angle: 25 })")
        assert page.run("GroupaeDemo.page.bench.control.value") == [25, 0]


def test_a_ball_is_turned_by_drag_keys_and_buttons(browser: Any, build: Any) -> None:
    built = build(*SMALL["ball"])
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


def test_a_mirror_of_space_is_a_tenth_number(shown: Opened) -> None:
    found = shown.run("""() => {
      const [place, heard] = [document.createElement("div"), []];
      const frame = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
      const control = { kind: "trackball", frame, mirrored: true };
      const ball = GroupaeDemo.buildControl(place, control, () => heard.push(ball.value));
      place.querySelector("button[aria-pressed]").click();
      ball.key({ key: "ArrowRight" });
      ball.set([...ball.value.slice(0, 9), 1]);
      return [...heard, ball.value];
    }""")
    assert [len(p) for p in found] == [10, 10, 10]
    assert [p[9] for p in found] == [-1, -1, 1]


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
    address = digits.address.removesuffix(STILL)
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
    assert np.abs(shown.pixels().astype(int) - wanted).max() <= FEW


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
    shown.page.wait_for_function(
        "document.getElementById('status').textContent.includes('red.png')"
    )
    found = shown.pixels("input")[..., 0].astype(int)
    assert (found[:6] == 0).all()
    assert (found[-6:] == 0).all()
    assert np.abs(found[9:19] - 0.299 * 255).max() <= 1
    assert shown.notice == ""


def test_an_own_picture_is_inverted(shown: Opened) -> None:
    file = {"name": "ink.png", "mimeType": "image/png", "buffer": _png("L", (20, 40), 30)}
    shown.page.locator("#file").set_input_files([file])
    shown.page.wait_for_function(
        "document.getElementById('status').textContent.includes('ink.png')"
    )
    shown.page.locator("#invert").check()
    shown.page.wait_for_function(
        "document.getElementById('input').getContext('2d').getImageData(14, 14, 1, 1).data[0] > 99"
    )
    found = shown.pixels("input")[..., 0].astype(int)
    assert np.abs(found[:, 9:19] - (255 - 30)).max() <= 1
    assert (found[:, :6] == 0).all()  # the ground stays
    shown.run("document.getElementById('invert').checked = false")


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


@pytest.mark.parametrize("name", ["notes.txt", "broken.png", ""])
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


def test_a_file_that_is_read_slowly_gives_way_to_a_later_choice(shown: Opened) -> None:
    shown.run(
        """async () => {
          const { page } = GroupaeDemo;
          const read = page.pictures.read;
          let finish;
          page.pictures.read = () => new Promise((resolve) => (finish = resolve));
          const opening = page.source.open(new File([], "slow.png"));
          await page.choose(1);
          finish({ width: 9, height: 9 });
          await opening;
          page.pictures.read = read;
        }"""
    )
    assert shown.run("GroupaeDemo.page.source.bitmap") is None
    assert shown.run("GroupaeDemo.page.chooser.inputs[1].checked")


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


# --- speed and size ------------------------------------------------------------------------------
def _is_busy() -> bool:
    """Return whether the machine does so much else that times say nothing."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


@pytest.mark.skipif(_is_busy(), reason="the machine does other work")
def test_the_first_picture_comes_soon_and_updates_are_fast(browser: Any, digits: Built) -> None:
    with opened(browser, digits.address) as page:
        assert page.run("performance.now()") < 10_000
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
        assert rate > 15


def test_the_folder_is_small(digits: Built) -> None:
    assert sum(file.stat().st_size for file in digits.folder.iterdir()) < 15e6
    page = Path(groupae.__file__).parent / "demo/page"
    assert sum(file.stat().st_size for file in page.iterdir()) < 100_000
