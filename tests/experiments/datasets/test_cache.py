"""Cache: published when complete, resumed, repaired, shared by processes."""

import contextlib
import io
import json
import multiprocessing
import os
import resource
import shutil
import signal
import time
import warnings

import numpy as np
import pytest
import torch
from rich.console import Console

from groupae.experiments.datasets import cache as data_cache
from groupae.experiments.datasets.cache import CacheError, cache_root, cached_arrays
from groupae.experiments.datasets.progress import show_building, watch_building

ROWS, SHAPE = 10, (10, 2, 5)


class Maker:
    """Maker of rows of their own number, which counts the rows made."""

    def __init__(self):
        self.asked = []

    def __call__(self, start, stop):
        self.asked += range(start, stop)
        rows = np.arange(start, stop, dtype=np.uint8)
        numbers = np.arange(start, stop, dtype=np.float32)
        return {"a": np.broadcast_to(rows[:, None, None], (len(rows), 2, 5)), "b": numbers}


LAYOUT = {"a": (SHAPE, "uint8"), "b": ((ROWS,), "float32")}


def cached(make, parameters=None, **options):
    options = {"chunk": 3, **options}
    return cached_arrays("rows", parameters or {"size": "tiny"}, LAYOUT, make, **options)


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def is_right(arrays):
    right = Maker()(0, ROWS)
    return all(np.array_equal(arrays[name], right[name]) for name in right)


def only_cache(root):
    (folder,) = root.glob("rows-*")
    return folder


# --- building -------------------------------------------------------------------------------------


def test_it_is_made_once_and_mapped_read_only():
    make = Maker()
    arrays = cached(make)
    assert is_right(arrays)
    assert make.asked == list(range(ROWS))
    assert is_right(cached(make))
    assert len(make.asked) == ROWS
    assert isinstance(arrays["a"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        arrays["a"][0] = 1


def test_what_is_kept_is_plain_numpy_and_a_manifest(root):
    cached(Maker(), {"size": "tiny", "views": 24})
    folder = only_cache(root)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["a.npy", "b.npy", "checksums.txt", "manifest.json"]
    assert np.array_equal(np.load(folder / "b.npy"), np.arange(ROWS, dtype=np.float32))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["parameters"] == {"size": "tiny", "views": 24}
    assert len((folder / "checksums.txt").read_text().splitlines()) == 4


def test_other_parameters_have_another_cache():
    one, other = Maker(), Maker()
    cached(one, {"size": "tiny"})
    cached(other, {"size": "small"})
    cached(one, {"size": "tiny"})
    assert len(one.asked) == len(other.asked) == ROWS


def test_the_root_is_the_environment_variable_or_the_users_cache(monkeypatch, root):
    assert cache_root() == root
    monkeypatch.setenv("GROUPAE_CACHE", "~/here")
    assert cache_root().name == "here"
    assert "~" not in str(cache_root())
    monkeypatch.delenv("GROUPAE_CACHE")
    assert "groupae" in str(cache_root())


# --- resuming -------------------------------------------------------------------------------------


def interrupted(after):
    """Interrupt a build at row ``after``."""

    def make(start, stop):
        if start >= after:
            raise KeyboardInterrupt
        return Maker()(start, stop)

    with pytest.raises(KeyboardInterrupt):
        cached(make)


def test_only_what_is_missing_is_made_after_an_interruption(root):
    interrupted(6)
    assert not list(root.glob("rows-*"))
    make = Maker()
    assert is_right(cached(make))
    assert make.asked == [6, 7, 8, 9]


def test_a_chunk_that_was_torn_is_made_again(root):
    interrupted(6)
    (partial,) = root.glob(".rows-*.partial")
    with (partial / "a.npy").open("r+b") as stream:
        stream.seek(-(SHAPE[1] * SHAPE[2]) * 7, os.SEEK_END)  # the first byte of row 3
        stream.write(b"\xff")
    make = Maker()
    assert is_right(cached(make))
    assert make.asked == [3, 4, 5, 6, 7, 8, 9]


def test_a_torn_line_of_checksums_costs_its_chunk_only(root):
    interrupted(6)
    (partial,) = root.glob(".rows-*.partial")
    checksums = partial / "checksums.txt"
    checksums.write_text(checksums.read_text()[:-30])
    make = Maker()
    assert is_right(cached(make))
    assert make.asked == [3, 4, 5, 6, 7, 8, 9]
    assert is_right(cached(make))


def test_a_half_built_cache_of_other_code_is_not_gone_on_with(root):
    interrupted(6)
    make = Maker()
    assert is_right(cached(make, version=2))
    assert make.asked == list(range(ROWS))


PROCESSES = multiprocessing.get_context("forkserver")  # imports torch once for all of them
PROCESSES.set_forkserver_preload(["groupae.experiments.datasets.cache", "pytest", "rich.console"])


def build(folder, log, delay):
    """Build 60 rows in as many chunks; log each row made, then the verdict."""
    os.environ["GROUPAE_CACHE"] = str(folder)

    def say(word):
        with log.open("a") as stream:
            stream.write(f"{word}\n")

    def make(start, stop):
        time.sleep(delay)
        say(start)
        return {"x": np.arange(start, stop, dtype=np.uint8)}

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        x = cached_arrays("slow", {}, {"x": ((60,), "uint8")}, make, chunk=1)["x"]
    for warning in warned:
        say(warning.message)
    say("right" if np.array_equal(x, np.arange(60)) else "wrong")


class Builder:
    """Process that builds a cache; ``words`` is its output."""

    def __init__(self, root, delay):
        self.log = root.parent / f"{time.monotonic_ns()}.log"
        self.log.touch()
        self.process = PROCESSES.Process(target=build, args=(root, self.log, delay))
        self.process.start()

    @property
    def words(self):
        return self.log.read_text().splitlines()

    def wait_for(self, count):
        while len(self.words) < count and self.process.is_alive():
            time.sleep(0.002)

    def finish(self):
        self.process.join()
        return self.words


@pytest.mark.parametrize("chunks", [1, 30, 59])
def test_a_kill_at_any_point_costs_at_most_a_chunk(root, chunks):
    killed = Builder(root, 0.005)
    killed.wait_for(chunks)
    killed.process.kill()
    done = len(killed.finish())
    assert killed.process.exitcode == -signal.SIGKILL
    assert not list(root.glob("slow-*"))
    *made, verdict = Builder(root, 0).finish()
    assert verdict == "right"
    assert 60 - done <= len(made) <= 61 - done


def test_two_processes_build_it_once(root):
    builders = [Builder(root, 0.005), Builder(root, 0.005)]
    said = [builder.finish() for builder in builders]
    assert [words[-1] for words in said] == ["right", "right"]
    assert sorted(len(words) for words in said) == [1, 61]


def test_who_waits_takes_over_from_who_is_killed(root):
    first = Builder(root, 0.01)
    first.wait_for(1)
    second = Builder(root, 0)
    time.sleep(0.3)
    first.process.kill()
    done = len(first.finish())
    *made, verdict = second.finish()
    assert verdict == "right"
    assert 60 - done <= len(made) <= 61 - done < 60


# --- damage ---------------------------------------------------------------------------------------


def cut_off(folder):
    with (folder / "a.npy").open("r+b") as stream:
        stream.truncate(128 + 40)  # the header and four rows


def flip_a_byte(folder):
    with (folder / "a.npy").open("r+b") as stream:
        stream.seek(128 + 95)
        stream.write(b"\xff")


def lose_a_file(folder):
    (folder / "b.npy").unlink()


def lose_the_checksums(folder):
    (folder / "checksums.txt").write_bytes(b"\xff\xfe")


def spoil_a_header(folder):
    with (folder / "a.npy").open("r+b") as stream:
        stream.write(b"XX")


@pytest.mark.parametrize(
    ("damage", "named", "made"),
    [
        (cut_off, "a.npy has 168 bytes instead of 228", [3, 4, 5, 6, 7, 8, 9]),
        (flip_a_byte, "1 of 4 chunks do not have their checksum", [9]),
        (lose_a_file, "b.npy is missing", list(range(ROWS))),
        (spoil_a_header, "a.npy has another header", []),
    ],
)
def test_damage_is_named_and_repaired(root, damage, named, made):
    cached(Maker())
    damage(only_cache(root))
    make = Maker()
    with pytest.warns(UserWarning, match=f"rows-.* is built again: {named}"):
        arrays = cached(make)
    assert is_right(arrays)
    assert make.asked == made
    assert is_right(cached(make))


def become_a_folder(name):
    def damage(folder):
        path = folder / name
        path.unlink(missing_ok=True)
        path.mkdir()
        (path / "inside").write_text("")

    return damage


def become_a_link(name):
    def damage(folder):
        path = folder / name
        path.unlink()
        path.symlink_to(folder.parent.parent / "thesis.tex")

    return damage


@pytest.mark.parametrize("name", ["checksums.txt", "a.npy", "manifest.json"])
@pytest.mark.parametrize("kind", [become_a_folder, become_a_link])
def test_a_file_that_is_something_else_is_repaired(root, name, kind):
    cached(Maker())
    (root.parent / "thesis.tex").write_text("years of work")
    kind(name)(only_cache(root))
    data_cache._VERIFIED.clear()
    with pytest.warns(UserWarning, match=r"rows-.* is built again: "):
        assert is_right(cached(Maker()))
    data_cache._VERIFIED.clear()
    make = Maker()
    assert is_right(cached(make)), "no warning: it is whole again"
    assert not make.asked
    assert (root.parent / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("place", ["{}", ".{}.partial"])
@pytest.mark.parametrize("kind", ["a file", "a link to nowhere"])
def test_a_place_that_is_taken_by_something_else_is_repaired(root, place, kind):
    cached(Maker())
    folder = only_cache(root)
    shutil.rmtree(folder)
    path = root / place.format(folder.name)
    if kind == "a file":
        path.write_text("?")
    else:
        path.symlink_to(root / "nowhere")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert is_right(cached(Maker()))
    assert {path.name for path in root.iterdir()} == {folder.name, f".{folder.name}.lock"}


def test_what_a_kill_left_is_swept(root):
    cached(Maker())
    folder = only_cache(root)
    for name in (f".discarded-{folder.name}.4711", f".{folder.name}.4711.0123abcd.groupae"):
        shutil.copytree(folder, root / name)
    (root / ".rows-notes").mkdir()
    lose_a_file(folder)
    with pytest.warns(UserWarning, match="built again"):
        cached(Maker())
    found = {path.name for path in root.iterdir()}
    assert found == {folder.name, f".{folder.name}.lock", ".rows-notes"}


def test_what_a_process_has_verified_the_next_verifies_again(root):
    Builder(root, 0).finish()
    lose_the_checksums(next(root.glob("slow-*")))
    *made, warning, verdict = Builder(root, 0).finish()
    assert len(made) == 60
    assert "60 of 60 chunks do not have their checksum" in warning
    assert verdict == "right"


def test_a_cache_of_another_version_is_made_anew_with_a_warning():
    cached(Maker())
    make = Maker()
    with pytest.warns(UserWarning, match=r"built again: its manifest\.json is .* another version"):
        cached(make, version=2)
    assert make.asked == list(range(ROWS))


def test_a_lost_manifest_is_a_cache_made_anew(root):
    cached(Maker())
    (only_cache(root) / "manifest.json").unlink()
    with pytest.warns(UserWarning, match=r"its manifest\.json is missing"):
        assert is_right(cached(Maker()))


# --- what cannot be -------------------------------------------------------------------------------

REMEDY = "name a folder that can be written, with room, by GROUPAE_CACHE"


def test_no_room_is_said_before_anything_is_made(monkeypatch, root):
    usage = shutil.disk_usage(root.parent)._replace(free=99)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    make = Maker()
    sentence = rf"cache of rows: expected 0\.0 MB of room, got 0\.0 MB in {root}; {REMEDY}"
    with pytest.raises(CacheError, match=sentence):
        cached(make)
    assert not make.asked


def test_a_disk_that_fills_is_one_sentence():
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, limit[1]))
    try:
        with pytest.raises(CacheError, match=f"expected files to be written, got .*; {REMEDY}"):
            cached(Maker())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_root_that_is_no_folder_is_one_sentence(root):
    root.write_text("a file")
    with pytest.raises(CacheError, match=f"expected files to be written, got .*cache.*; {REMEDY}"):
        cached(Maker())


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_root_without_rights_is_one_sentence(root, mode):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    root.mkdir()
    root.chmod(mode)
    try:
        with pytest.raises(CacheError, match=f"Permission denied at .*; {REMEDY}"):
            cached(Maker())
    finally:
        root.chmod(0o700)


def test_a_whole_cache_needs_no_right_to_write(root):
    cached(Maker())
    for lock in root.glob(".*"):
        lock.unlink()
    assert is_right(cached(Maker()))
    assert [path.name for path in root.iterdir()] == [only_cache(root).name]  # no lock was taken


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_made_with_one_thread_and_the_setting_comes_back(two_threads, fails):
    seen = []

    def make(start, stop):
        seen.append(torch.get_num_threads())
        if fails:
            raise KeyboardInterrupt
        return Maker()(start, stop)

    with pytest.raises(KeyboardInterrupt) if fails else contextlib.nullcontext():
        cached(make)
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2


def test_errors_of_the_maker_are_its_own():
    def make(start, stop):
        raise FileNotFoundError("a mesh")

    with pytest.raises(FileNotFoundError, match="a mesh"):
        cached(make)


def test_rows_of_other_shapes_or_dtypes_are_refused():
    def short(start, stop):
        return Maker()(start, stop - 1)

    def wide(start, stop):
        return {name: part.astype("float64") for name, part in Maker()(start, stop).items()}

    with pytest.raises(ValueError, match=r"expected a uint8 \(3, 2, 5\), got uint8 \(2, 2, 5\)"):
        cached(short)
    with pytest.raises(ValueError, match=r"expected a uint8 \(3, 2, 5\), got float64 \(3, 2, 5\)"):
        cached(wide)


@pytest.mark.parametrize(
    ("arrays", "got"), [({}, "no arrays"), ({"a": ((2,), "u1"), "b": ((3,), "u1")}, "2, 3")]
)
def test_arrays_must_have_equally_many_rows(arrays, got):
    with pytest.raises(ValueError, match=f"arrays of equally many rows, at least 1, got {got}"):
        cached_arrays("rows", {}, arrays, Maker())


# --- watching -------------------------------------------------------------------------------------


def test_nothing_is_printed_unless_asked(capfd):
    cached(Maker())
    assert capfd.readouterr() == ("", "")


def test_a_watcher_is_told_every_chunk_and_where_it_resumes():
    interrupted(3)
    told = []
    with watch_building(told.append):
        cached(Maker())
        cached(Maker())
    assert [(building.done, building.total) for building in told] == [
        (3, 10),
        (6, 10),
        (9, 10),
        (10, 10),
    ]
    assert not any(building.is_waiting for building in told)


def test_plain_lines_where_there_is_no_terminal(root):
    stream = io.StringIO()
    with show_building(Console(file=stream, width=40)):
        cached(Maker())
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith(f"building rows once, into {root}")
    assert lines[1:] == [f"building rows: {done} of 10" for done in (3, 6, 9, 10)]


def test_a_bar_on_a_terminal():
    stream = io.StringIO()
    with show_building(Console(file=stream, force_terminal=True, width=100)):
        cached(Maker())
    assert "building rows" in stream.getvalue()
    assert "10/10" in stream.getvalue()


def test_waiting_is_said(root):
    builder = Builder(root, 0.005)
    builder.wait_for(1)
    stream = io.StringIO()
    with show_building(Console(file=stream)):
        cached_arrays("slow", {}, {"x": ((60,), "uint8")}, Maker(), chunk=1)
    builder.finish()
    assert stream.getvalue() == "waiting for another process that builds slow\n"
