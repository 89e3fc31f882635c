"""Command ``groupae profile``: vectors, poses and neighbours of pictures in unknown orientation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["profile"]


def profile(
    source: Path,
    *,
    group: str = "so2",
    kind: Literal["auto", "pictures", "series", "outlines", "points"] = "auto",
    method: Literal["closed_form", "autoencoder"] = "closed_form",
    mode: Literal["L", "RGB"] | None = None,
    pixels: int | None = None,
    templates: int | None = None,
    minutes: float = 5.0,
    steps: int | None = None,
    seed: int = 0,
    neighbours: int = 6,
    threads: int | None = None,
    out: Path | None = None,
    force: bool = False,
) -> None:
    """Describe pictures in unknown orientation: vectors, poses, canonical pictures, neighbours.

    No label is used; names of subfolders are not read as classes.

    Writes into the folder of the results: profile.csv (and profile.parquet, if pyarrow is there)
    with vectors and poses, README.md with the columns, the canonical pictures in canonical, and
    neighbours.png.

    Args:
        source: Folder of pictures, or a file .npy with one array of items.
        group: Group that moves the items: so2, o2 (also mirror images), 'c(8)', 'd(8)' or
            translation.
        kind: Kind of the items of an array; by default its shape tells series from pictures.
        method: Closed_form needs no training; autoencoder trains on turned originals.
        mode: Turn the pictures to grey (L) or colours (RGB).
        pixels: Height and width to resize pictures to, cut to their middle square.
        templates: Number of random templates; by default 64, and none for outlines.
        minutes: Budget of a training in minutes.
        steps: Budget of a training in steps instead; then results are the same in every bit.
        seed: Seed of templates and training.
        neighbours: Nearest neighbours shown per item.
        threads: Number of threads; by default one per core.
        out: Folder of the results; by default FOLDER-profile.
        force: Replace the results that are in the folder.

    Example:
        ::

            groupae profile my/pictures --neighbours 8 --out my/profiles
    """
    with loading():
        from rich.console import Console

        from groupae._validation import check_count
        from groupae.cli.running import set_threads
        from groupae.profiles import OrbitProfiler
        from groupae.profiles.profile_folder import claim_folder, read_source, write_profiles
    set_threads(threads)
    check_count("groupae profile", "neighbours", neighbours)
    items, names = read_source(source, mode=mode, pixels=pixels)
    kind = "pictures" if source.is_dir() else kind
    options = {"method": method, "templates": templates, "minutes": minutes, "steps": steps}
    # mypy takes the values of a dict to be of one type
    profiler = OrbitProfiler(group, kind=kind, random_state=seed, **options)  # type: ignore[arg-type]
    folder = source.with_name(f"{source.stem or source.resolve().name}-profile")
    folder = folder if out is None else out
    console = Console()
    with Console(stderr=True).status("profiling"):
        profiles = profiler.fit(items).profile(items, names)
    claim_folder(folder, force=force)
    written = write_profiles(profiles, items, folder, neighbours=neighbours)
    unsure = int((profiles.sureness < 0.05).sum())
    n, d = profiles.vectors.shape
    say(console, f"{n} {profiles.kind}, {d} orientation-free numbers each ({group}, {method})")
    poses = ", ".join(profiles.pose_columns)
    say(console, f"pose in {poses}; of {n} poses {unsure} are unsure (pose_sureness below 0.05)")
    say(console, f"written to {folder}: {', '.join(written)}")
