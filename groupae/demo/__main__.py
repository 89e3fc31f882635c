"""Fetch onnxruntime-web into the cache, for later pages and for tests, which use no network."""

import sys

from groupae._files import cache_root
from groupae.demo.runtime import PACKAGE, RuntimeMissingError, find_runtime

if __name__ == "__main__":
    try:
        sys.stdout.write(f"{PACKAGE} {find_runtime().version} in {cache_root()}\n")
    except RuntimeMissingError as error:
        sys.exit(f"groupae: {error}")
