"""Content, tag, metadata and architecture of what `make wheels` has made, and an install of one.

The folder is named by the environment variable GROUPAE_DIST.
"""

import email
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

import pytest
import torch

import groupae
from groupae.kernels.compiled import building
from groupae.kernels.compiled.building import Platform
from groupae.persistence import zoo
from tests.test_description import places_of

ROOT = Path(__file__).parent.parent
DIST = os.environ.get("GROUPAE_DIST")
pytestmark = pytest.mark.skipif(DIST is None, reason="make wheels sets GROUPAE_DIST")

ELF = {"x86_64": 62, "aarch64": 183}
MACH_O = {"x86_64": 0x01000007, "aarch64": 0x0100000C}
PE = {"x86_64": 0x8664}
WHEELS = {
    "manylinux_2_17_x86_64": Platform("linux", "x86_64"),
    "manylinux_2_17_aarch64": Platform("linux", "aarch64"),
    "macosx_11_0_x86_64": Platform("darwin", "x86_64"),
    "macosx_11_0_arm64": Platform("darwin", "aarch64"),
    "win_amd64": Platform("win32", "x86_64"),
}
MODELS = Path(zoo.__file__).parent.parent / "zoo"
ZOO = [f.relative_to(MODELS).as_posix() for f in sorted(MODELS.rglob("*")) if f.is_file()]
wheels = pytest.mark.parametrize(("tag", "platform"), WHEELS.items(), ids=WHEELS)


def wheel_of(tag):
    (wheel,) = Path(DIST).glob(f"groupae-*-py3-none-{tag}.whl")
    return wheel


def library_of(tag):
    with zipfile.ZipFile(wheel_of(tag)) as opened:
        (name,) = (n for n in opened.namelist() if re.search(r"/kernels-[^/]*\.(so|dylib|dll)$", n))
        return Path(name).name, opened.read(name)


@wheels
def test_a_wheel_has_the_library_of_this_source_with_its_record(tag, platform, tmp_path):
    name, content = library_of(tag)
    assert name == building.library_path(platform).name
    library = tmp_path / name
    library.write_bytes(content)
    with zipfile.ZipFile(wheel_of(tag)) as opened:
        record = building.record_path(library)
        record.write_bytes(opened.read(f"groupae/kernels/compiled/{record.name}"))
    assert building.damage_of(library) == ""


@wheels
def test_the_tag_is_that_of_any_python(tag, platform):
    with zipfile.ZipFile(wheel_of(tag)) as opened:
        (name,) = (n for n in opened.namelist() if n.endswith(".dist-info/WHEEL"))
        lines = opened.read(name).decode().splitlines()
    assert "Root-Is-Purelib: false" in lines
    assert [line for line in lines if line.startswith("Tag:")] == [f"Tag: py3-none-{tag}"]


@wheels
def test_the_library_is_for_the_architecture_of_the_tag(tag, platform):
    _, content = library_of(tag)
    if platform.system == "linux":
        assert content[:6] == b"\x7fELF\x02\x01"
        assert struct.unpack_from("<H", content, 18) == (ELF[platform.machine],)
    elif platform.system == "darwin":
        assert content[:4] == b"\xcf\xfa\xed\xfe"
        assert struct.unpack_from("<I", content, 4) == (MACH_O[platform.machine],)
    else:
        (header,) = struct.unpack_from("<I", content, 0x3C)
        assert content[header : header + 4] == b"PE\0\0"
        assert struct.unpack_from("<H", content, header + 4) == (PE[platform.machine],)


@pytest.mark.parametrize("tag", [tag for tag in WHEELS if tag.startswith("manylinux")])
def test_a_library_for_linux_needs_only_an_old_libc(tag):
    _, content = library_of(tag)
    versions = {tuple(map(int, found)) for found in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)}
    oldest = tuple(map(int, tag.split("_")[1:3]))
    assert versions
    assert max(versions) <= oldest
    needed = set(re.findall(rb"\0((?:lib|ld-)[\w.+-]*\.so[.\d]*)(?=\0)", content))
    assert needed <= {b"libc.so.6", b"libpthread.so.0", b"ld-linux-aarch64.so.1"}


@wheels
def test_the_library_is_small_and_names_no_path_of_the_machine(tag, platform):
    _, content = library_of(tag)
    assert len(content) < 2_000_000
    for folder in (Path.home(), Path(__file__).parent.parent, Path(tempfile.gettempdir())):
        assert os.fsencode(folder) + b"/" not in content


def test_the_sdist_has_hook_and_sources_and_no_library():
    (sdist,) = Path(DIST).glob("groupae-*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"hatch_build.py", f"groupae/kernels/compiled/{building.SOURCE}"} <= names
    assert [name for name in names if "/kernels-" in name] == []


@pytest.mark.skipif(
    Platform.here() != Platform("linux", "x86_64"), reason="installs the wheel for Linux x86-64"
)
def test_the_wheel_takes_the_compiled_way_in_an_environment_without_compiler(tmp_path):
    """The dependencies are those of this environment, so nothing is downloaded."""
    venv.create(tmp_path / "venv", symlinks=True)
    site = tmp_path / "venv/lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target"]
    wheel = wheel_of("manylinux_2_17_x86_64")
    subprocess.run([*install, site / "site-packages", wheel], check=True, capture_output=True)
    dependencies = Path(torch.__file__).parent.parent
    (site / "site-packages/dependencies.pth").write_text(f"{dependencies}\n")
    program = (
        "import groupae; from groupae.kernels.compiled import status; found = status();"
        "print(groupae.__file__); print(found.way); print(found.library)"
    )
    done = subprocess.run(
        [tmp_path / "venv/bin/python", "-c", program],
        cwd=tmp_path,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    file, way, library = done.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path)
    assert way == "compiled"
    assert Path(library).is_relative_to(tmp_path)


def tracked(*folders):
    """Return the files under version control."""
    command = ["git", "ls-files", *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no checkout")
    return set(done.stdout.splitlines())


def metadata_of(file):
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as opened:
            (name,) = (n for n in opened.namelist() if n.endswith(".dist-info/METADATA"))
            return email.message_from_bytes(opened.read(name))
    with tarfile.open(file) as opened:
        (name,) = (n for n in opened.getnames() if re.fullmatch(r"[^/]*/PKG-INFO", n))
        return email.message_from_bytes(opened.extractfile(name).read())


@wheels
def test_a_wheel_has_every_file_of_the_package(tag, platform):
    """Types, trained models, embedded digits, pages, sources of kernels, and no file more."""
    with zipfile.ZipFile(wheel_of(tag)) as opened:
        names = {name for name in opened.namelist() if not name.split("/")[0].endswith("info")}
    assert "groupae/py.typed" in names
    assert tracked("groupae") - names == set()
    assert [n for n in names - tracked("groupae") if "/kernels-" not in n] == []


def test_the_sdist_has_every_file_but_the_findings():
    (sdist,) = Path(DIST).glob("groupae-*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    missing = tracked() - names
    assert [name for name in missing if not name.startswith("findings/")] == []


def test_all_files_have_the_same_complete_metadata():
    files = sorted(Path(DIST).iterdir())
    found = [metadata_of(file) for file in files]
    assert len(found) == len(WHEELS) + 1
    assert len({str(metadata) for metadata in found}) == 1
    metadata = found[0]
    assert metadata["Version"] == groupae.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# groupae")
    assert {"equivariance", "SO(3)", "latent space"} <= set(metadata["Keywords"].split(","))
    versions = [re.search(r":: (3\.\d+)$", row) for row in metadata.get_all("Classifier")]
    oldest = metadata["Requires-Python"].removeprefix(">=")
    assert oldest in [version[1] for version in versions if version]


def test_the_description_has_no_link_that_an_index_cannot_follow():
    (sdist,) = Path(DIST).glob("groupae-*.tar.gz")
    assert places_of(metadata_of(sdist).get_payload()) == []


@wheels
def test_a_wheel_has_the_trained_models(tag, platform):
    with zipfile.ZipFile(wheel_of(tag)) as opened:
        names = set(opened.namelist())
    assert {f"groupae/zoo/{name}" for name in ZOO} <= names


def test_the_sdist_has_the_trained_models():
    (sdist,) = Path(DIST).glob("groupae-*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {f"groupae/zoo/{name}" for name in ZOO} <= names
