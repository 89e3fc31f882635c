"""The first use of the compiled kernels: whatever is wrong is one sentence, never a crash."""

import json
import subprocess
import sys

import pytest
import torch

from groupae.kernels.compiled import BuildError, building, kernel_status, library, loading, status
from groupae.kernels.compiled.building import Platform
from groupae.kernels.compiled.loading import choose_level


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A whole library, of a source that is compiled at once."""
    folder = tmp_path_factory.mktemp("made")
    source = "const char filler[1 << 16] = {1}; int groupae_level(void) { return 0; }\n"
    (folder / building.SOURCE).write_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FOLDER", folder)
        try:
            building.compile_library(folder / "made.so", building.compiler(), is_loaded=True)
        except BuildError:
            pytest.skip("there is no C compiler here")
    return (folder / "made.so").read_bytes()


@pytest.fixture
def path(monkeypatch, tmp_path):
    """Path of a library for this platform in a folder of its own."""
    path = tmp_path / f"kernels-{Platform.here().name}-0123456789abcdef.so"
    monkeypatch.setattr(building, "library_path", lambda: path)
    monkeypatch.delenv("GROUPAE_COMPILED", raising=False)
    return path


def write(path, content):
    path.write_bytes(content)
    building.record_path(path).write_text(json.dumps(building._record_of(content)))


def load():
    return loading.load.__wrapped__()


class TestLoading:
    def test_a_whole_library_is_loaded(self, path, made):
        write(path, made)
        library, reason = load()
        assert library is not None
        assert reason == ""

    def test_a_variable_switches_it_off(self, path, made, monkeypatch):
        write(path, made)
        monkeypatch.setenv("GROUPAE_COMPILED", "0")
        assert load() == (None, "GROUPAE_COMPILED=0")

    @pytest.mark.parametrize("kept", [0, 10, 0.3, 0.9])
    def test_a_truncated_library_is_not_loaded(self, path, made, kept):
        write(path, made)
        path.write_bytes(made[: kept if isinstance(kept, int) else int(kept * len(made))])
        library, reason = load()
        assert library is None
        assert "is damaged: it has" in reason
        assert "python -m groupae.kernels.compiled compiles it again" in reason

    @pytest.mark.parametrize("content", [b"", b"text\n", b"\x7fELF" + b"\1" * 200])
    def test_what_is_no_library_is_not_loaded(self, path, content):
        write(path, content)
        library, reason = load()
        assert library is None
        assert f"{path} cannot be loaded" in reason

    @pytest.mark.skipif(sys.platform != "linux", reason="reads the header of ELF")
    def test_a_library_for_another_machine_is_not_loaded(self, path, made):
        machine = b"\xf3\x00" if made[18:20] != b"\xf3\x00" else b"\x3e\x00"  # RISC-V, x86-64
        write(path, made[:18] + machine + made[20:])
        assert load() == (None, f"{path} cannot be loaded: it is for another architecture")

    def test_a_folder_of_that_name(self, path):
        path.mkdir()
        library, reason = load()
        assert library is None
        assert "cannot be loaded" in reason


class TestAbsence:
    def test_nothing_was_compiled(self, path):
        here = Platform.here().name
        assert load() == (
            None,
            f"there is no library for {here}; python -m groupae.kernels.compiled compiles it",
        )

    def test_a_failure_at_install_is_told(self, path):
        building.write_failure(path, "compiled kernels: expected a C compiler, got none")
        assert load() == (None, "compiled kernels: expected a C compiler, got none")

    def test_a_library_of_another_platform(self, path):
        path.with_name("kernels-plan9-vax-0123456789abcdef.so").touch()
        assert "only for plan9-vax" in load().reason

    def test_a_library_of_another_source(self, path):
        path.with_name(f"kernels-{Platform.here().name}-fedcba9876543210.so").touch()
        assert "the library is of another source" in load().reason

    def test_a_read_only_folder(self, path, monkeypatch):
        monkeypatch.setattr(loading.os, "access", lambda folder, mode: False)
        assert f"{path.parent} cannot be written to" in load().reason


class TestLevels:
    @pytest.mark.parametrize(
        ("wanted", "available", "level", "told"),
        [
            ("", ["baseline", "avx2"], "avx2", ""),
            ("1", ["baseline", "avx2"], "avx2", ""),
            ("avx2", ["baseline", "avx2"], "avx2", ""),
            ("baseline", ["baseline", "avx2"], "baseline", "the processor has avx2"),
            ("avx512", ["baseline", "avx2"], "avx2", "but the processor has avx2 at most"),
            ("avx2", ["baseline"], "baseline", "but the processor has baseline at most"),
            ("AVX", ["baseline"], "baseline", "expected one of 0, baseline, avx2, avx512, got"),
        ],
    )
    def test_a_lower_level_can_be_asked_for(self, monkeypatch, wanted, available, level, told):
        monkeypatch.setenv("GROUPAE_COMPILED", wanted)
        found, reason = choose_level(available)
        assert found == level
        assert (told in reason) if told else (reason == "")

    @pytest.mark.parametrize("wanted", ["avx512", "AVX"])
    def test_one_that_is_not_there_is_warned_of(self, monkeypatch, wanted):
        monkeypatch.setattr(library, "levels", lambda: ("baseline", "avx2"))
        monkeypatch.setenv("GROUPAE_COMPILED", wanted)
        with pytest.warns(UserWarning, match=f"GROUPAE_COMPILED.*{wanted}"):
            assert library.level.__wrapped__() == "avx2"
        monkeypatch.setenv("GROUPAE_COMPILED", "baseline")
        assert library.level.__wrapped__() == "baseline"


class TestStatus:
    @pytest.mark.parametrize(("threads", "way"), [(1, "numpy"), (2, "torch")])
    def test_another_way_is_named_with_its_reason(self, monkeypatch, threads, way):
        monkeypatch.setattr(kernel_status, "load", lambda: loading.Loaded(None, "for a test"))
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        found = status()
        assert (found.way, found.level, found.library) == (way, None, None)
        assert str(found).endswith("; for a test")

    def test_it_tells_what_is_used(self):
        found = status()
        assert (found.way == "compiled") == (found.library is not None) == (found.level is not None)
        assert found.threads == torch.get_num_threads()
        assert found.way == "compiled" or found.reason


def test_the_environment_is_read_in_a_new_process():
    program = "from groupae.kernels.compiled import status; print(status().reason)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"GROUPAE_COMPILED": "0", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "GROUPAE_COMPILED=0\n"
