"""onnxruntime-web, which runs the graphs in a browser, from its npm package.

The package is downloaded once, compared with a fixed SHA-256 and reduced to the two files that a
page needs, which are kept in the cache. A machine without network is given an installed package.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import tarfile
from pathlib import Path

from groupae._files import cache_root, discard, read_json, sha256_of, write_durably, written_whole
from groupae._validation import expected

__all__ = ["LICENCE", "PACKAGE", "VERSION", "Runtime", "RuntimeMissingError", "find_runtime"]

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
LICENCE = Path(__file__).parent / "onnxruntime-LICENSE.txt"
"""Licence of onnxruntime (MIT), which its npm package names but does not contain."""

_REGISTRY = "https://registry.npmjs.org"
_ARCHIVE = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
_LOADER, _WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
_SHA256 = {
    _LOADER: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    _WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
_MEGABYTES = 33  # of the archive


class RuntimeMissingError(OSError):
    """Error for an onnxruntime-web that is neither in a folder, nor in the cache, nor to be had.

    Example:
        >>> issubclass(RuntimeMissingError, OSError)
        True
    """


@dataclasses.dataclass(frozen=True)
class Runtime:
    """Files of onnxruntime-web that a page needs.

    Args:
        version: Version of the npm package.
        loader: JavaScript module.
        wasm: WebAssembly.

    Example:
        >>> Runtime("1.22.0", loader=b"", wasm=b"").version
        '1.22.0'
    """

    version: str
    loader: bytes
    wasm: bytes


def find_runtime(folder: str | Path | None = None) -> Runtime:
    """Return onnxruntime-web of a folder, or of the cache, where it is downloaded to once (33 MB).

    The download comes from the npm registry, or from the mirror that the environment variable
    ``npm_config_registry`` names; its SHA-256 is the same everywhere.

    Args:
        folder: An installed npm package of any version, such as ``node_modules/onnxruntime-web``,
            or a folder with it in ``node_modules``.

    Raises:
        FileNotFoundError: If the folder holds no such package.
        RuntimeMissingError: If it is not in the cache and cannot be downloaded.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     package = Path(folder, "node_modules", "onnxruntime-web")
        ...     (package / "dist").mkdir(parents=True)
        ...     _ = (package / "package.json").write_text('{"version": "1.22.0"}')
        ...     for name in (_LOADER, _WASM):
        ...         _ = (package / "dist" / name).write_bytes(b"")
        ...     find_runtime(folder).version
        '1.22.0'
    """
    if folder is not None:
        return _installed(Path(folder))
    place = cache_root() / f"{PACKAGE}-{VERSION}"
    if not _is_whole(place):
        _download(place)
    return Runtime(VERSION, (place / _LOADER).read_bytes(), (place / _WASM).read_bytes())


def _installed(folder: Path) -> Runtime:
    for place in (folder, folder / "node_modules" / PACKAGE):
        loader, wasm = (place / "dist" / name for name in (_LOADER, _WASM))
        if loader.is_file() and wasm.is_file() and (place / "package.json").is_file():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                version = str(read_json(place / "package.json")["version"])
                return Runtime(version, loader.read_bytes(), wasm.read_bytes())
    what = f"the npm package {PACKAGE}, with package.json, dist/{_LOADER} and dist/{_WASM}"
    remedy = f"npm install {PACKAGE}@{VERSION} makes node_modules/{PACKAGE}"
    raise FileNotFoundError(expected("--runtime", what, f"none in {folder}", remedy))


def _is_whole(place: Path) -> bool:
    """Return whether the cache has both files, undamaged."""
    return all(
        (place / name).is_file() and sha256_of([(place / name).read_bytes()]) == wanted
        for name, wanted in _SHA256.items()
    )


def _download(place: Path) -> None:
    import pooch

    given = {name.lower(): value for name, value in os.environ.items()}  # as npm reads them
    registry = given.get("npm_config_registry") or _REGISTRY
    url = f"{registry.rstrip('/')}/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz"
    archive = place.parent / f"{place.name}.tgz"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        pooch.get_logger().setLevel(logging.WARNING)  # it would print a line per download
        pooch.retrieve(url, f"sha256:{_ARCHIVE}", fname=archive.name, path=archive.parent)
        with tarfile.open(archive) as members, written_whole(place) as beside:
            for name in _SHA256:
                content = members.extractfile(f"package/dist/{name}")
                assert content is not None  # the archive has the fixed SHA-256
                write_durably(beside / name, content.read())
    except (OSError, ValueError) as error:  # no network, a refusal, or another checksum
        raise _missing(error) from None
    discard(archive)


def _missing(error: Exception) -> RuntimeMissingError:
    reason = " ".join(str(error).split())
    remedy = f"copy {PACKAGE} from a machine with network (npm install) and name it by --runtime"
    what = f"to download {PACKAGE} {VERSION} ({_MEGABYTES} MB) to {cache_root()}"
    return RuntimeMissingError(expected("groupae demo", what, reason, remedy))
