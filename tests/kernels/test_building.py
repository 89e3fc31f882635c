"""Compilation of the kernels: names, records, and one sentence wherever it fails."""

import ctypes
import json
import os
import sys

import pytest

from groupae.kernels.compiled import BuildError, build, building
from groupae.kernels.compiled.building import Platform

needs_a_shell = pytest.mark.skipif(sys.platform == "win32", reason="compilers are shell scripts")


@pytest.fixture
def path(monkeypatch, tmp_path):
    """Path of a library in a folder of its own."""
    path = tmp_path / "kernels.so"
    monkeypatch.setattr(building, "library_path", lambda: path)
    monkeypatch.delenv("CC", raising=False)
    return path


@pytest.fixture
def without_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(building.importlib.util, "find_spec", lambda name: None)


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    """Return a function that makes a shell script the compiler."""

    def use(script):
        file = tmp_path / "compiler"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("CC", str(file))

    return use


def write_whole(path, content=b"a library"):
    path.write_bytes(content)
    building.record_path(path).write_text(json.dumps(building._record_of(content)))


class TestFailures:
    @pytest.mark.usefixtures("without_compiler")
    def test_no_compiler_is_one_sentence(self, path):
        with pytest.raises(BuildError, match=r"expected a C compiler, got none; pip install"):
            build()
        assert "got none" in building.failure_of(path)

    def test_a_compiler_that_is_not_there_is_one_sentence(self, path, monkeypatch):
        monkeypatch.setenv("CC", "no-such-compiler")
        with pytest.raises(BuildError, match="no-such-compiler"):
            build()
        assert "no-such-compiler" in building.failure_of(path)

    @needs_a_shell
    def test_a_compiler_that_fails_is_quoted_by_its_first_line(self, path, compiler):
        compiler("echo it is broken >&2; echo and more >&2; exit 1")
        with pytest.raises(BuildError, match="got it is broken; set CC to another compiler"):
            build()
        assert "it is broken" in building.failure_of(path)
        assert not path.exists()

    @needs_a_shell
    def test_a_compiler_that_says_nothing(self, path, compiler):
        compiler("exit 3")
        with pytest.raises(BuildError, match="got exit code 3"):
            build()

    @needs_a_shell
    def test_a_library_that_does_not_load_is_not_kept(self, path, compiler):
        compiler('for last; do :; done; echo no library > "$last"')
        with pytest.raises(BuildError, match="to load the compiled kernels") as caught:
            build()
        assert "Traceback" not in str(caught.value)
        assert not path.exists()

    @needs_a_shell
    def test_a_compiler_that_makes_nothing(self, path, compiler):
        compiler("exit 0")
        with pytest.raises(BuildError, match=r"to load the compiled kernels, got .*kernels"):
            build()
        assert not path.exists()

    def test_a_quote_in_cc_that_is_not_closed(self, path, monkeypatch):
        monkeypatch.setenv("CC", 'gcc "')
        with pytest.raises(BuildError, match=r"expected a command in CC, got 'gcc .*quot"):
            build()
        assert "expected a command in CC" in building.failure_of(path)

    @needs_a_shell
    def test_a_folder_in_place_of_the_library(self, path, compiler):
        path.mkdir()
        compiler("exit 1")
        with pytest.raises(BuildError, match="got exit code 1"):
            build()

    @needs_a_shell
    def test_a_compiler_that_hangs(self, path, compiler, monkeypatch):
        monkeypatch.setattr(building, "_SECONDS", 0.1)
        compiler("exec sleep 4")
        with pytest.raises(BuildError, match=r"timed out after 0.1 seconds"):
            build()

    def test_a_folder_that_is_not_there(self, path, monkeypatch, tmp_path):
        monkeypatch.setattr(building, "library_path", lambda: tmp_path / "none" / "kernels.so")
        monkeypatch.setenv("CC", "cc")
        with pytest.raises(BuildError, match="expected to write to"):
            build()

    @pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write")
    def test_a_folder_that_is_read_only(self, path, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(BuildError, match="install groupae where you may write"):
            build()
        tmp_path.chmod(0o700)


class TestRecords:
    def test_a_whole_library_is_not_compiled_again(self, path, monkeypatch):
        write_whole(path)
        monkeypatch.setenv("CC", "no-such-compiler")
        assert build() == path

    @pytest.mark.parametrize(
        ("damage", "told"),
        [
            (lambda path: path.write_bytes(b"a lib"), "5 bytes instead of 9"),
            (lambda path: path.write_bytes(b"a_library"), "SHA-256"),
            (lambda path: path.write_bytes(b""), "0 bytes"),
            (lambda path: building.record_path(path).unlink(), "missing"),
            (lambda path: building.record_path(path).write_text("[" * 20_000), "damaged"),
            (lambda path: building.record_path(path).write_text("[]"), "damaged"),
            (lambda path: building.record_path(path).write_bytes(b"\xff\xfe"), "damaged"),
        ],
        ids=["truncated", "changed", "empty", "no record", "nested", "list", "binary"],
    )
    def test_a_damaged_library_is_found_and_compiled_again(self, path, monkeypatch, damage, told):
        write_whole(path)
        assert building.damage_of(path) == ""
        damage(path)
        assert told in building.damage_of(path)
        monkeypatch.setenv("CC", "no-such-compiler")
        with pytest.raises(BuildError, match="no-such-compiler"):
            build()

    def test_a_failure_is_cut(self, path):
        building.write_failure(path, "ü" * 100_000)
        assert building.failure_of(path).startswith("üü")


class TestNames:
    def test_the_name_tells_source_options_and_platform(self, monkeypatch, tmp_path):
        for name in ("kernels.c", "block.h", "notes.txt"):
            (tmp_path / name).write_text(name)
        monkeypatch.setattr(building, "FOLDER", tmp_path)

        def path(*of):
            return building.library_path.__wrapped__(Platform(*of) if of else None)

        here = path()
        assert path() == here
        assert here.parent == tmp_path
        assert Platform.here().name in here.name
        found = {here, path("linux", "riscv64"), path("plan9", "x86_64")}
        (tmp_path / "block.h").write_text("other")
        found.add(path())
        (tmp_path / "block.h").rename(tmp_path / "block.c")
        found.add(path())
        monkeypatch.setattr(building, "OPTIONS", ())
        found.add(path())
        assert len(found) == 6
        (tmp_path / "notes.txt").write_text("other")
        assert path() in found

    @pytest.mark.parametrize(
        ("system", "suffix"), [("linux", ".so"), ("darwin", ".dylib"), ("win32", ".dll")]
    )
    def test_the_suffix_is_that_of_the_system(self, system, suffix):
        assert building.library_path(Platform(system, "x86_64")).suffix == suffix

    def test_names_of_architectures_are_those_of_linux(self, monkeypatch):
        for name, wanted in (("AMD64", "x86_64"), ("arm64", "aarch64"), ("riscv64", "riscv64")):
            monkeypatch.setattr(building.platform, "machine", lambda name=name: name)
            assert Platform.here().machine == wanted


class TestCompiler:
    @pytest.mark.usefixtures("path")
    def test_options_in_cc_are_kept(self, monkeypatch):
        monkeypatch.setenv("CC", "ccache gcc -m64")
        assert building.compiler() == ["ccache", "gcc", "-m64"]

    @pytest.mark.usefixtures("path")
    def test_a_blank_cc_is_none(self, monkeypatch):
        wanted = building.compiler()
        monkeypatch.setenv("CC", " ")
        assert building.compiler() == wanted

    @pytest.mark.usefixtures("path")
    def test_zig_compiles_for_every_processor(self, monkeypatch):
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(building.importlib.util, "find_spec", lambda name: name)
        assert building.compiler() == [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"]


@pytest.fixture
def source(monkeypatch, tmp_path):
    """Folder of a source that is compiled at once."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / building.SOURCE).write_text("int groupae_level(void) { return 0; }\n")
    monkeypatch.setattr(building, "FOLDER", folder)
    return folder


def test_libraries_of_other_sources_are_deleted(path):
    here, other = path.with_name("kernels-linux-x86_64-2.so"), path.with_name("kernels-a-b-1.so")
    older = path.with_name("kernels-linux-x86_64-1.so")
    for file in (here, other, older, building.record_path(older)):
        file.touch()
    building._delete_older(here)
    assert {file.name for file in path.parent.glob("kernels-*")} == {here.name, other.name}


def test_the_same_source_gives_the_same_bytes(path, source, tmp_path):
    try:
        command = building.compiler()
    except BuildError:
        pytest.skip("there is no C compiler here")
    (source / "elsewhere").mkdir()
    other = source / "elsewhere" / "library.so"
    building.compile_library(path, command, is_loaded=True)
    building.compile_library(other, command, is_loaded=True)
    assert path.read_bytes() == other.read_bytes()
    assert building.damage_of(path) == building.damage_of(other) == ""
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "kernels.json",
        "kernels.so",
        "source",
    ]
    ctypes.CDLL(str(path))
