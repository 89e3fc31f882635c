"""Wheels and editable installs carry compiled kernels wherever they can; no install fails by them.

The package is built from a small copy: the build's own files and the folder of the kernels, whose
source is replaced by one that is compiled at once.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from groupae.kernels.compiled import BuildError, building

pytest.importorskip("hatchling")

ROOT = Path(__file__).parent.parent
FOLDER = "groupae/kernels/compiled"
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore")
NOTICE = "groupae/experiments/datasets/assets/NOTICE.md"
PLATFORM = sysconfig.get_platform().replace("-", "_").replace(".", "_")
SMALL = """
#if defined(_WIN32)
__declspec(dllexport)
#else
__attribute__((visibility("default")))
#endif
int groupae_level(void) { return 0; }
"""
needs_a_shell = pytest.mark.skipif(sys.platform == "win32", reason="compilers are shell scripts")


@pytest.fixture(scope="session")
def has_compiler():
    try:
        building.compiler()
    except BuildError:
        pytest.skip("there is no C compiler here")


@pytest.fixture
def source(tmp_path):
    """A small copy of the source."""
    return copy_to(tmp_path / "source")


def copy_to(source):
    for name in (*FILES, NOTICE, "groupae/__init__.py"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    ignored = shutil.ignore_patterns("__pycache__", "kernels-*", ".kernels-*")
    shutil.copytree(ROOT / FOLDER, source / FOLDER, ignore=ignored)
    (source / FOLDER / building.SOURCE).write_text(SMALL)
    return source


def library_name(source):
    """Return the name of the library of a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "FOLDER", source / FOLDER)
        return building.library_path.__wrapped__().name


def hatchling(source, target="wheel", **variables):
    """Build a target of the source with other environment variables, and return its file."""
    out = source.with_name(f"{source.name}-dist")
    removed = ("CC", "GROUPAE_COMPILED", "GROUPAE_WHEEL")
    env = {k: v for k, v in os.environ.items() if k not in removed} | variables
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    done = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = out.iterdir()
    return made


def members(wheel, pattern="*"):
    with zipfile.ZipFile(wheel) as opened:
        names = [Path(name) for name in opened.namelist()]
    return [name for name in names if name.match(f"{FOLDER}/{pattern}")]


def libraries(wheel):
    return [name for name in members(wheel, "kernels-*") if name.suffix != ".json"]


def failing_compiler(folder):
    compiler = folder / "compiler"
    compiler.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    compiler.chmod(0o755)
    return str(compiler)


class TestWheel:
    @pytest.mark.usefixtures("has_compiler")
    def test_it_carries_a_library_that_loads(self, source, tmp_path):
        wheel = hatchling(source)
        assert wheel.name.endswith(f"-py3-none-{PLATFORM}.whl")
        (library,) = libraries(wheel)
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(tmp_path / "installed")
        assert library.name == library_name(source)
        assert building.damage_of(tmp_path / "installed" / library) == ""
        assert ctypes.CDLL(str(tmp_path / "installed" / library)).groupae_level() == 0
        assert [*(source / FOLDER).glob("kernels-*")] == []  # nothing is left in the source

    @pytest.mark.usefixtures("has_compiler")
    def test_the_same_source_gives_the_same_bytes(self, source, tmp_path):
        sums = [
            hashlib.sha256(hatchling(folder).read_bytes()).hexdigest()
            for folder in (source, copy_to(tmp_path / "elsewhere" / "again"))
        ]
        assert sums[0] == sums[1]

    @needs_a_shell
    def test_it_is_pure_where_the_compiler_fails(self, source, tmp_path):
        wheel = hatchling(source, CC=failing_compiler(tmp_path))
        assert wheel.name.endswith("-py3-none-any.whl")
        assert libraries(wheel) == []
        (record,) = members(wheel, "kernels-*.json")
        with zipfile.ZipFile(wheel) as opened:
            assert b"got it is broken" in opened.read(str(record))

    def test_it_is_pure_without_a_compiler(self, source):
        wheel = hatchling(source, PATH="", CC="no-such-compiler")
        assert wheel.name.endswith("-py3-none-any.whl")
        assert libraries(wheel) == []

    def test_it_is_pure_where_a_variable_asks_for_it(self, source):
        wheel = hatchling(source, GROUPAE_COMPILED="0")
        assert wheel.name.endswith("-py3-none-any.whl")
        assert members(wheel, "kernels-*") == []

    def test_the_source_of_the_kernels_is_in_it_but_no_other_library(self, source):
        (source / FOLDER / "kernels-linux-x86_64-0123456789abcdef.so").touch()
        wheel = hatchling(source, GROUPAE_COMPILED="0")
        assert members(wheel, "kernels-*") == []
        sources = {path.name for path in (ROOT / FOLDER).glob("*.[ch]")}
        assert building.SOURCE in sources
        assert {name.name for name in members(wheel, "*.[ch]")} == sources


class TestEditable:
    @pytest.mark.usefixtures("has_compiler")
    def test_the_library_lies_beside_its_source(self, source):
        wheel = hatchling(source, "wheel:editable")
        assert wheel.name.endswith("-py3-none-any.whl")
        assert members(wheel) == []
        library = source / FOLDER / library_name(source)
        assert building.damage_of(library) == ""

    def test_it_is_installed_without_a_compiler_and_says_why(self, source):
        hatchling(source, "wheel:editable", PATH="", CC="no-such-compiler")
        library = source / FOLDER / library_name(source)
        assert not library.exists()
        assert "no-such-compiler" in building.failure_of(library)

    def test_a_variable_leaves_it_out(self, source):
        hatchling(source, "wheel:editable", GROUPAE_COMPILED="0")
        assert [*(source / FOLDER).glob("kernels-*")] == []


@pytest.mark.usefixtures("has_compiler")
def test_a_wheel_is_built_from_the_sdist(source, tmp_path):
    (source / FOLDER / "kernels-linux-x86_64-0123456789abcdef.so").touch()
    with tarfile.open(hatchling(source, "sdist")) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert [*(unpacked / FOLDER).glob("kernels-*")] == []
    (library,) = libraries(hatchling(unpacked))
    assert library.name == library_name(source)


def test_an_unknown_platform_is_one_sentence(source):
    with pytest.raises(AssertionError, match="GROUPAE_WHEEL: expected one of linux-x86_64"):
        hatchling(source, GROUPAE_WHEEL="plan9")
