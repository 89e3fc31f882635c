"""groupae demo: a page of a run, the zoo or a saved model, or one sentence and no page."""

import json
import sys
import threading
import urllib.request

import numpy as np
import pytest
import torch
from PIL import Image

import groupae
from groupae import SO2, LatentActionAE, VectorAction
from groupae.cli import main
from groupae.demo import DemoServer
from groupae.experiments import Run, get_experiment
from groupae.training import save_checkpoint


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


def the_only_line(capsys):
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def description(folder):
    text = (folder / "model.js").read_text()
    return json.loads(text.partition(" = ")[2].rstrip(";\n"))["description"]


@pytest.fixture
def made(tmp_path):
    """A run folder of a small model as it is before training."""
    experiment = get_experiment("rotated-digits")
    made = Run.create(tmp_path / "run", experiment, experiment.preset("paper"), size="tiny")
    save_checkpoint(made.checkpoints, made.build_model().state_dict(), step=0, score=0.0)
    return made


@pytest.fixture
def saved(tmp_path):
    """The folder of a saved model, and a folder of pictures."""
    folder, pictures = tmp_path / "mine", tmp_path / "pictures"
    model = LatentActionAE.conv(SO2().rep("2x0 + 3x1"), (1, 8, 8), widths=(8,))
    groupae.save(model, folder)
    pictures.mkdir()
    for i in range(3):
        values = np.random.default_rng(i).integers(0, 255, (8, 8), np.uint8)
        Image.fromarray(values).save(pictures / f"{i}.png")
    return folder, pictures


def test_the_page_of_a_run_shows_its_held_out_pictures(made, package, capsys):
    assert run("demo", made.path, "--runtime", package) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith(f"{made.path}/demo/index.html: 16 pictures, ")
    assert "differ from torch's by at most " in lines[1]
    about = description(made.path / "demo")
    assert about["title"] == "Rotated digits"
    assert about["summary"] == "the whole picture turns"
    assert about["pictures"]["split"] == "test"
    assert set(about["pictures"]["labels"]) <= set("0123456789")
    assert about["score"].startswith("PSNR ")
    assert about["score"].endswith(" dB on 1000 held-out pairs")
    assert about["draws"]
    Run.check_path(made.path, force=True)  # a run with a page can still be replaced
    assert run("demo", made.path, "--runtime", package) == 2
    line = the_only_line(capsys)
    assert line.startswith("groupae: demo: expected a folder that is missing or empty")
    assert (
        f"; force (--force) replaces it, and groupae demo {made.path}/demo --serve shows it" in line
    )


def test_a_saved_model_shows_pictures_of_ones_own(saved, package, capsys):
    folder, pictures = saved
    assert run("demo", folder, "--pictures", pictures, "--runtime", package) == 0
    about = description(folder.with_name("mine-demo"))
    assert (about["title"], about["pictures"]["count"]) == ("mine", 3)
    assert about["pictures"]["labels"] is None


@pytest.mark.parametrize("place", ["", "demo"])
def test_a_written_page_is_served_until_ctrl_c(place, tmp_path, capsys, monkeypatch):
    (tmp_path / place).mkdir(exist_ok=True)
    for name in ("index.html", "model.js", "runtime.js"):
        (tmp_path / place / name).write_text(name)
    seen = {}

    def serve(self, poll_interval):
        thread = threading.Thread(target=super(DemoServer, self).serve_forever, args=(0.01,))
        thread.start()
        seen["page"] = urllib.request.urlopen(self.address, timeout=5).read()
        self.shutdown()
        thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(DemoServer, "serve_forever", serve)
    with DemoServer(tmp_path, 0) as server:  # a port that is free right after
        port = server.server_address[1]
    assert run("demo", tmp_path, "--serve", "--port", port) == 130
    out, err = capsys.readouterr()
    assert out == f"http://127.0.0.1:{port}/ until Ctrl-C\n"
    assert err == "groupae: interrupted\n"
    assert seen["page"] == b"index.html"


def test_a_model_with_a_class_of_ones_own_is_for_python(saved, tmp_path, capsys):
    @groupae.configurable
    class Own(torch.nn.Sequential):
        def __init__(self):
            super().__init__(torch.nn.Flatten(), torch.nn.Linear(64, 8))

    decoder = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.Unflatten(1, (1, 8, 8)))
    model = LatentActionAE(Own(), decoder, VectorAction(SO2().rep("2x0 + 3x1")))
    groupae.save(model, tmp_path / "own")
    assert run("demo", tmp_path / "own", "--pictures", saved[1]) == 2
    line = the_only_line(capsys)
    call = f"model = groupae.load('{tmp_path / 'own'}', classes=[...])"
    then = f"then groupae.demo.write_demo(model, pictures, '{tmp_path / 'own-demo'}')"
    assert "'Own', which is none of groupae's" in line
    assert line.endswith(f"; in Python: {call}, {then}\n")


def test_a_folder_with_a_page_says_where_it_is(tmp_path, capsys):
    (tmp_path / "demo").mkdir()
    for name in ("index.html", "model.js", "runtime.js"):
        (tmp_path / "demo" / name).write_text(name)
    assert run("demo", tmp_path) == 2
    sentence = f"the page is in {tmp_path / 'demo'}: --serve shows it"
    assert the_only_line(capsys).endswith(f"which holds neither; {sentence}\n")


def test_a_broken_picture_is_told_by_the_command(saved, capsys, package):
    folder, pictures = saved
    (pictures / "1.png").write_bytes(b"no picture")
    assert run("demo", folder, "--pictures", pictures, "--runtime", package) == 2
    line = the_only_line(capsys)
    assert line.startswith("groupae: demo: expected ")
    assert "1.png" in line


def test_a_taken_port_is_found_before_any_work(saved, capsys):
    folder, pictures = saved
    with DemoServer(folder, 0) as server:
        port = server.server_address[1]
        assert run("demo", folder, "--pictures", pictures, "--serve", "--port", port) == 2
    assert f"{port}, which is taken; --port " in the_only_line(capsys)
    assert not folder.with_name("mine-demo").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "a run folder, zoo:NAME or the folder of a saved model, got nowhere"),
        (["turntable"], "the trained model of the package is named 'zoo:turntable'"),
        (["zoo:turntabel"], "did you mean 'zoo:turntable'?"),
        (["zoo:series"], "a run on pictures, got series (series); a page shows no outlines"),
        (["zoo:rotated-digits", "--serve", "--port", "70000"], "a port in 0..65535, got 70000"),
        (["zoo:rotated-digits", "--runtime", "nowhere"], "the npm package onnxruntime-web"),
        (["zoo:rotated-digits", "--pictures", "nowhere"], "a folder of pictures"),
    ],
)
def test_a_mistake_is_one_sentence(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("demo", *words) == 2
    assert sentence in the_only_line(capsys)
    assert not list(tmp_path.glob("**/model.js"))


def test_a_saved_model_wants_pictures_that_fit(saved, capsys, package, tmp_path):
    folder, _ = saved
    assert run("demo", folder) == 2
    assert "--pictures for a saved model, got none" in the_only_line(capsys)
    np.save(tmp_path / "series.npy", np.zeros((4, 2, 3, 4, 5), np.float32))
    assert run("demo", folder, "--pictures", tmp_path / "series.npy", "--runtime", package) == 2
    assert "pictures (n, H, W) or (n, C, H, W), got (4, 2, 3, 4, 5)" in the_only_line(capsys)
    np.save(tmp_path / "large.npy", np.zeros((4, 16, 16), np.float32))
    assert run("demo", folder, "--pictures", tmp_path / "large.npy", "--runtime", package) == 2
    assert "(4, 1, 16, 16)" in the_only_line(capsys)


def test_without_the_extra_it_is_one_sentence(saved, capsys, monkeypatch):
    folder, pictures = saved
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert run("demo", folder, "--pictures", pictures) == 2
    line = the_only_line(capsys)
    assert line.startswith("groupae: demo: expected onnxscript to be installed, got no such module")
    assert line.endswith(
        "; pip install 'groupae[onnx]', or pip install -e '.[onnx]' in a checkout\n"
    )


def test_a_baseline_without_a_code_is_refused(tmp_path, capsys, package):
    experiment = get_experiment("rotated-digits")
    preset = experiment.preset("conditional")
    made = Run.create(tmp_path / "run", experiment, preset, size="tiny")
    save_checkpoint(made.checkpoints, made.build_model().state_dict(), step=0, score=0.0)
    assert run("demo", made.path, "--runtime", package) == 2
    assert "with encode, action and decode" in the_only_line(capsys)
