"""Command ``groupae audit``: is a network equivariant, and where is it lost?"""

from __future__ import annotations

from pathlib import Path

from groupae.cli.loading import loading

__all__ = ["audit_target"]


# Not named audit: jsonargparse would load groupae.audit, and torch, to see if it is the same.
def audit_target(
    target: str,
    *,
    group: str | None = None,
    input: str | None = None,
    output: str | None = None,
    data: str | None = None,
    samples: int = 64,
    elements: int = 24,
    layers: str = "leaves",
    tolerance: float | None = None,
    json: Path | None = None,
    picture: Path | None = None,
    threads: int | None = None,
) -> int:
    """Audit a network: is it equivariant, and which layer loses it? Exit with 1 if it is not.

    Writes the files of --json and --picture. Exits with 1 if the network is not equivariant.

    Args:
        target: A run folder, zoo:NAME, or package:object for a network or function of your own: a
            module, a function of a batch, or a function or class without arguments that makes one.
        group: Group that acts, such as so2, o2, 'c(4)' or so3; a run has its own.
        input: Action on the inputs: grid for pictures and volumes, 'grid:4x1' for their vector
            fields, vector for the standard representation on the last axis, 'vector:8x0 + 4x1', or
            invariant. By default grid for pictures, else vector.
        output: Action on the outputs, in the same words; by default the best linear one is fitted.
        data: Inputs: a file .npy or .npz, a folder of pictures, or random:1x28x28 for smooth random
            ones of that shape; a run has its own.
        samples: Largest number of inputs.
        elements: Number of group elements, beside those that move pictures without interpolation.
        layers: Layers to audit: leaves, none, names separated by commas, or positions, for a
            network of pictures whose feature maps are to move as the pictures do.
        tolerance: Largest relative error allowed where the law can be exact.
        json: File for all numbers.
        picture: File for the figure, a PNG.
        threads: Number of threads; by default one per core.

    Example:
        ::

            groupae audit my_package:network --group 'c(4)' --data random:1x28x28
            groupae audit zoo:rotated-digits --json audit.json --picture audit.png
    """
    given = {name: value for name, value in locals().items() if name not in ("json", "picture")}
    with loading():
        from groupae.cli.audited import AuditOptions, run_audit
    return run_audit(AuditOptions(**given), json=json, picture=picture)
