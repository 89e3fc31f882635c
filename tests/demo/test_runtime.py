"""onnxruntime-web comes from a folder, the cache, or a download with a fixed checksum."""

import io
import shutil
import tarfile

import pooch
import pytest

from groupae._files import sha256_of
from groupae.demo import RuntimeMissingError, find_runtime
from groupae.demo import runtime as runtime_module

CONTENT = {"ort.wasm.bundle.min.mjs": b"loader", "ort-wasm-simd-threaded.wasm": b"\0asm"}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry whose archive has other content; the list is of the addresses asked for."""
    archive = tmp_path / "served.tgz"
    with tarfile.open(archive, "w:gz") as members:
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
    asked = []

    def retrieve(url, known_hash, fname, path):
        asked.append(url)
        if known_hash != f"sha256:{sha256_of([archive.read_bytes()])}":
            raise ValueError(f"SHA256 hash of downloaded file ({fname}) does not match")
        return str(shutil.copy(archive, path / fname))

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path / "cache"))
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runtime_module, "_ARCHIVE", sha256_of([archive.read_bytes()]))
    sums = {name: sha256_of([content]) for name, content in CONTENT.items()}
    monkeypatch.setattr(runtime_module, "_SHA256", sums)
    return asked


def test_it_is_downloaded_once_and_kept(registry, tmp_path):
    found = [find_runtime(), find_runtime()]
    assert found[0] == found[1]
    assert (found[0].loader, found[0].wasm) == tuple(CONTENT.values())
    assert registry == ["https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz"]
    kept = tmp_path / "cache/onnxruntime-web-1.30.0"
    assert {path.name for path in kept.iterdir()} == set(CONTENT)
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]  # the archive is not kept
    (kept / "ort-wasm-simd-threaded.wasm").write_bytes(b"cut")
    assert find_runtime() == found[0]  # a damaged one is fetched again
    assert len(registry) == 2


@pytest.mark.parametrize("name", ["npm_config_registry", "NPM_CONFIG_REGISTRY"])
def test_the_mirror_of_npm_is_asked(registry, monkeypatch, name):
    monkeypatch.setenv(name, "http://mirror.example/npm/")
    find_runtime()
    path = "onnxruntime-web/-/onnxruntime-web-1.30.0.tgz"
    assert registry == [f"http://mirror.example/npm/{path}"]


def test_another_archive_is_refused(registry, monkeypatch, tmp_path):
    monkeypatch.setattr(runtime_module, "_ARCHIVE", "0" * 64)
    with pytest.raises(RuntimeMissingError) as raised:
        find_runtime()
    assert "does not match" in str(raised.value)
    assert "name it by --runtime" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "cache/onnxruntime-web-1.30.0").exists()


def test_an_installed_package_is_read_from_its_folder_or_the_one_above(package):
    found = find_runtime(package)
    assert (found.version, found.wasm) == ("9.9.9", b"\0asm")
    project = package.parent / "project"
    (project / "node_modules").mkdir(parents=True)
    package.rename(project / "node_modules/onnxruntime-web")
    assert find_runtime(project) == found


@pytest.mark.parametrize("damage", ["nothing", "no wasm", "no version"])
def test_a_folder_without_the_package_is_one_sentence(damage, package):
    if damage == "nothing":
        shutil.rmtree(package)
    elif damage == "no wasm":
        (package / "dist/ort-wasm-simd-threaded.wasm").unlink()
    else:
        (package / "package.json").write_text("[]")
    with pytest.raises(FileNotFoundError, match=r"npm install onnxruntime-web@1\.30\.0"):
        find_runtime(package)


def test_the_licence_is_that_of_onnxruntime():
    text = runtime_module.LICENCE.read_text()
    assert text.startswith("MIT License\n\nCopyright (c) Microsoft Corporation")
