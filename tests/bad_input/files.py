"""Bad input from files: snapshots, checkpoints, saved models, folders of pictures, run folders."""

import dataclasses
import json

import torch
from PIL import Image
from torch import nn

from groupae import SO2, SO3, Cyclic, FolderPairs, fit, load, save
from groupae.data import TurnedPictures
from groupae.experiments.presets.own_folder import own_folder
from groupae.training import (
    CheckpointError,
    CSVLogger,
    KeepBest,
    KeepSnapshots,
    LoggerCallback,
    load_best,
    load_checkpoint,
    load_snapshot,
    save_checkpoint,
)
from tests.bad_input.rows import rows
from tests.bad_input.training import CONFIG, FIXED, TRAIN, X, model


# --- resumed trainings ---
def resumed(make=model, config=CONFIG, **options):
    """Return a call that resumes a training of four steps with something changed."""

    def call(folder):
        fit(model(), TRAIN, FIXED, CONFIG, callbacks=[KeepSnapshots(folder / "s", every_steps=2)])
        fit(make(), TRAIN, FIXED, config, resume=folder / "s", **options)

    return call


def changed(**changes):
    return resumed(config=dataclasses.replace(CONFIG, **changes))


def sgd(parameters):
    return torch.optim.SGD(parameters, 0.1)


def other_width():
    return model(8, SO2().rep("2x0 + 4x1"))


RESUMED = {
    "resumed with another seed": (changed(seed=1), ValueError, "seed 1 (was 0)"),
    "resumed with other batches": (changed(batch_size=16), ValueError, "batch_size 16 (was 8)"),
    "resumed with another rate": (changed(learning_rate=0.1), ValueError, "learning_rate 0.1"),
    "resumed by the other optimiser": (changed(optimizer="muon"), ValueError, "'muon' (was"),
    "resumed with an average": (changed(ema=0.9), ValueError, "ema 0.9 (was 0.0)"),
    "resumed with an average over a share": (
        changed(ema_share=0.1),
        ValueError,
        "ema_share 0.1 (was 0.0)",
    ),
    "resumed in another precision": (changed(precision="64-true"), ValueError, "precision"),
    "resumed with fewer steps": (changed(steps=2), ValueError, "at least the 4 steps"),
    "resumed by another score": (resumed(score="snr"), ValueError, "got 'snr'"),
    "resumed by a wider model": (resumed(other_width), ValueError, "parameters differ"),
    "resumed by an optimiser of one's own": (
        resumed(optimizer=sgd),
        ValueError,
        "as in the snapshot, got SGD",
    ),
    "resumed by a scheduler of one's own": (
        resumed(scheduler=lambda o: torch.optim.lr_scheduler.ConstantLR(o)),
        ValueError,
        "as in the snapshot",
    ),
    "resumed from a number": (
        lambda: fit(model(), TRAIN, FIXED, CONFIG, resume=3),
        TypeError,
        "resume as a folder or a TrainingSnapshot",
    ),
    "resumed from nothing": (
        lambda folder: fit(model(), TRAIN, FIXED, CONFIG, resume=folder),
        CheckpointError,
        "at least one snapshot step-N",
    ),
    "resumed from a missing folder": (
        lambda: fit(model(), TRAIN, FIXED, CONFIG, resume="missing"),
        CheckpointError,
        "at least one snapshot step-N",
    ),
}


# --- damage ---
def snapshot(damage):
    def call(folder):
        fit(model(), TRAIN, FIXED, CONFIG, callbacks=[KeepSnapshots(folder / "s", every_steps=2)])
        (path,) = [max((folder / "s").glob("step-*"))]
        damage(path)
        load_snapshot(path)

    return call


def checkpoint(damage):
    def call(folder):
        path = save_checkpoint(folder, model().state_dict(), step=3, score=1.0)
        damage(path)
        load_checkpoint(path)

    return call


def saved(damage, **options):
    def call(folder):
        damage(save(model(), folder / "model"))
        load(folder / "model", **options)

    return call


def cut(pattern):
    def damage(path):
        (file,) = path.glob(pattern)
        file.write_bytes(file.read_bytes()[:-7])

    return damage


def flipped(pattern):
    def damage(path):
        (file,) = path.glob(pattern)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 255
        file.write_bytes(content)

    return damage


def gone(pattern):
    def damage(path):
        (file,) = path.glob(pattern)
        file.unlink()

    return damage


def emptied(pattern):
    def damage(path):
        (file,) = path.glob(pattern)
        file.write_bytes(b"")

    return damage


def edited(pattern, **changes):
    def damage(path):
        (file,) = path.glob(pattern)
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return damage


def written(pattern, text):
    def damage(path):
        (file,) = path.glob(pattern)
        file.write_text(text)

    return damage


_DAMAGES = {
    "cut": cut,
    "flipped": flipped,
    "gone": gone,
    "emptied": emptied,
}
DAMAGED = {
    f"a {noun} with {file} {name}": (make(damage(file)), CheckpointError, words)
    for noun, make, file, words in [
        ("snapshot", snapshot, "*.safetensors", "safetensors"),
        ("checkpoint", checkpoint, "*.safetensors", "safetensors"),
        ("checkpoint", checkpoint, "manifest.json", "manifest"),
    ]
    for name, damage in _DAMAGES.items()
} | {
    "a snapshot without a manifest": (snapshot(gone("manifest.json")), CheckpointError, "step-N"),
    "a snapshot whose manifest is cut": (snapshot(cut("manifest.json")), CheckpointError, "wrote"),
    "a snapshot with an edited step": (
        snapshot(edited("manifest.json", step=9)),
        CheckpointError,
        "one that was changed",
    ),
    "a snapshot of another format": (
        snapshot(edited("manifest.json", format=99)),
        CheckpointError,
        "format",
    ),
    "a snapshot that is a list": (
        snapshot(written("manifest.json", "[]")),
        CheckpointError,
        "format",
    ),
    "a checkpoint with an edited step": (
        checkpoint(edited("manifest.json", step=9)),
        CheckpointError,
        "the manifest that was written",
    ),
    "a checkpoint of text as step": (
        checkpoint(edited("manifest.json", step="nine")),
        CheckpointError,
        "step",
    ),
    "a checkpoint of another format": (
        checkpoint(edited("manifest.json", format=99)),
        CheckpointError,
        "a manifest of format",
    ),
    "a checkpoint that is a list": (
        checkpoint(written("manifest.json", "[]")),
        CheckpointError,
        "a manifest of format",
    ),
    "a checkpoint of deep brackets": (
        checkpoint(written("manifest.json", "[" * 100_000)),
        CheckpointError,
        "manifest.json",
    ),
    "no checkpoint": (lambda folder: load_checkpoint(folder), CheckpointError, "no manifest.json"),
    "no best checkpoint": (lambda folder: load_best(folder), CheckpointError, "at least one"),
    "a checkpoint of a step below zero": (
        lambda folder: save_checkpoint(folder, model().state_dict(), step=-1, score=1.0),
        ValueError,
        "step",
    ),
    "a checkpoint of a score of NaN": (
        lambda folder: save_checkpoint(folder, model().state_dict(), step=1, score=float("nan")),
        ValueError,
        "score",
    ),
    "a checkpoint of text": (
        lambda folder: save_checkpoint(folder, {"a": object()}, step=1, score=1.0),
        ValueError,
        "checkpoint",
    ),
    "a checkpoint of a model": (
        lambda folder: save_checkpoint(folder, model(), step=1, score=1.0),
        TypeError,
        "model.state_dict() is one",
    ),
    "the best beside others' checkpoints": (
        lambda folder: [
            fit(model(), TRAIN, FIXED, CONFIG, callbacks=KeepBest(folder)) for _ in range(2)
        ],
        FileExistsError,
        "a folder without checkpoints",
    ),
    "a table of metrics of others": (
        lambda folder: (
            (folder / "metrics.csv").write_text("step,loss\n1,2\n"),
            fit(model(), TRAIN, FIXED, CONFIG, callbacks=LoggerCallback(CSVLogger(folder))),
        ),
        FileExistsError,
        "as a new file",
    ),
}


# --- saved models ---
class Own(nn.Module):
    """A module that is not described."""

    def __init__(self, size):
        super().__init__()
        self.layer = nn.Linear(size, size)


SAVED = {
    "a saved model, weights cut": (saved(cut("*.safetensors")), ValueError, "safetensors"),
    "a saved model, weights flipped": (saved(flipped("*.safetensors")), ValueError, "SHA-256"),
    "a saved model without weights": (saved(gone("*.safetensors")), FileNotFoundError, "weights"),
    "a saved model, description cut": (saved(cut("model.yaml")), ValueError, "model.yaml"),
    "a saved model, description gone": (saved(gone("model.yaml")), FileNotFoundError, "model.yaml"),
    "a saved model that is a list": (
        saved(written("model.yaml", "[]")),
        ValueError,
        "groupae_model",
    ),
    "a saved model of another format": (
        saved(written("model.yaml", "groupae_model: 99")),
        ValueError,
        "update groupae",
    ),
    "a saved model and one class": (saved(lambda path: None, classes=Own), TypeError, "classes"),
    "a saved model and a name of a class": (
        saved(lambda path: None, classes=["Own"]),
        TypeError,
        "class",
    ),
    "a missing saved model": (lambda: load("missing"), FileNotFoundError, "missing"),
    "a saved model by number": (lambda: load(3), TypeError, "load: expected folder as a path"),
    "a module of one's own": (lambda folder: save(Own(3), folder / "m"), TypeError, "Own"),
    "a tensor to save": (lambda folder: save(X, folder / "m"), TypeError, "Tensor"),
    "a class to save": (lambda folder: save(Own, folder / "m"), TypeError, "the class Own"),
    "a number to save to": (lambda: save(model(), 3), TypeError, "folder"),
    "a file to save to": (
        lambda folder: ((folder / "m").write_text("a"), save(model(), folder / "m")),
        OSError,
        "folder",
    ),
}


# --- folders of pictures ---
HEAD = "picture,original,element\n"


def pictures(folder, *, sizes=((8, 8),) * 6, table=None, mode="L", names="{}.png"):
    """Write pictures, and a table if there is one."""
    for i, size in enumerate(sizes):
        Image.new(mode, size, 30 * i if mode == "L" else (9, 30 * i, 9)).save(
            folder / names.format(i)
        )
    if table is not None:
        (folder / "elements.csv").write_text(table)
    return folder


def table_of(lines, head=HEAD, group=None, **options):
    def call(folder):
        FolderPairs(pictures(folder, table=head + lines), group or SO2(), **options)

    return call


GOOD = "0.png,a,0.0\n1.png,a,1.0\n2.png,b,0.0\n3.png,b,2.0\n"


def turned(group=None, sizes=((8, 8),) * 4, **options):
    return lambda folder: TurnedPictures(pictures(folder, sizes=sizes), group or SO2(), **options)


def broken(folder):
    (folder / "a.png").write_bytes(b"no picture")
    TurnedPictures(folder, SO2())


FOLDERS = {
    "a table of no lines": (table_of(""), ValueError, "elements.csv"),
    "an empty table": (table_of("", head=""), ValueError, "elements.csv"),
    "a table without originals": (
        table_of("0.png,0.0\n", head="picture,element\n"),
        ValueError,
        "original",
    ),
    "a table without elements": (
        table_of("0.png,a\n", head="picture,original\n"),
        ValueError,
        "element",
    ),
    "a table of a missing picture": (
        table_of("9.png,a,0\n0.png,a,1\n"),
        FileNotFoundError,
        "9.png",
    ),
    "a table of words": (table_of("0.png,a,north\n1.png,a,0\n"), ValueError, "north"),
    "a table of NaN": (table_of("0.png,a,nan\n1.png,a,0\n"), ValueError, "nan"),
    "a table of degrees": (
        table_of("0.png,a,0\n1.png,a,90\n2.png,a,180\n3.png,a,270\n"),
        ValueError,
        "angle_deg",
    ),
    "a table of a short line": (table_of("0.png,a\n1.png,a,0\n"), ValueError, "element"),
    "a table of single views": (table_of("0.png,a,0\n1.png,b,0\n"), ValueError, "views"),
    "a table of indices beyond the last": (
        table_of("0.png,a,0\n1.png,a,7\n", group=Cyclic(4)),
        ValueError,
        "7",
    ),
    "a table of too few numbers": (table_of(GOOD, group=SO3()), ValueError, "SO(3)"),
    "an unknown chart": (table_of(GOOD, chart="degree"), ValueError, "'degree'"),
    "columns that are not there": (table_of(GOOD, elements=["angle"]), ValueError, "angle"),
    "a split that is not there": (table_of(GOOD, split="train"), ValueError, "split"),
    "a picture mode": (table_of(GOOD, mode="CMYK"), ValueError, "'CMYK'"),
    "a ground of two numbers": (table_of(GOOD, ground=(1, 2)), ValueError, "ground"),
    "a group by name": (table_of(GOOD, group="so2"), TypeError, "a Group, got str"),
    "a table outside": (
        table_of("../0.png,a,0\n1.png,a,1\n"),
        FileNotFoundError,
        "../0.png",
    ),
    "a missing folder of pairs": (
        lambda: FolderPairs("missing", SO2()),
        FileNotFoundError,
        "missing",
    ),
    "a folder without a table": (
        lambda folder: FolderPairs(folder, SO2()),
        FileNotFoundError,
        "elements.csv",
    ),
    "pictures of no folder": (
        lambda: TurnedPictures("missing", SO2()),
        FileNotFoundError,
        "missing",
    ),
    "an empty folder of pictures": (
        lambda folder: TurnedPictures(folder, SO2()),
        ValueError,
        "picture",
    ),
    "a damaged picture": (broken, ValueError, "a.png"),
    "pictures of two sizes": (turned(sizes=((8, 8), (9, 9))), ValueError, "pixels"),
    "pictures that are not square": (turned(sizes=((8, 9),) * 3), ValueError, "pixels"),
    "pictures turned in space": (
        turned(SO3()),
        ValueError,
        "so2, o2, c(n), d(n) or translation(2)",
    ),
    "pictures turned by a name": (
        turned("so2"),
        ValueError,
        "so2, o2, c(n), d(n) or translation(2)",
    ),
    "pictures of no pixels": (turned(pixels=0), ValueError, "pixels"),
    "pictures in a wrong mode": (turned(mode="P"), ValueError, "'P'"),
    "pictures of a wrong split": (turned(split="training"), ValueError, "'training'"),
    "an own folder of a wrong group": (
        lambda folder: own_folder(pictures(folder), "so9"),
        ValueError,
        "'so9'",
    ),
    "an own folder of a group of space": (
        lambda folder: own_folder(pictures(folder), "so3"),
        ValueError,
        "so2, o2, c(n), d(n) or translation(2)",
    ),
    "an own folder that is missing": (
        lambda: own_folder("missing", "so2"),
        FileNotFoundError,
        "missing",
    ),
    "an own folder with a chart and no table": (
        lambda folder: own_folder(pictures(folder), "so2", "angle_deg"),
        ValueError,
        "leave them out",
    ),
    "an own folder of a few pictures": (
        lambda folder: own_folder(pictures(folder, sizes=((8, 8),)), "so2"),
        ValueError,
        "at least three originals",
    ),
}

TABLE = rows(RESUMED | DAMAGED | SAVED | FOLDERS)
