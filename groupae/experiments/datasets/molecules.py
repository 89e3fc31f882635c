"""Small molecules as typed atoms in space, which rotate or move rigidly together.

A molecule is a list of 24 rows, ``(x, y, z, H, C, N, O, F)``: the position in angstrom about the
centroid, then a 1 at the atom's element. Rows after the last atom are 0. The order of the atoms is
part of the data and the same in all views, so predictions are compared atom by atom.
"""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.data.orbit_pairs import OrbitPairs
from groupae.experiments.datasets.embedded import load_embedded
from groupae.experiments.datasets.options import (
    Folder,
    Size,
    Split,
    check_options,
    refuse_folder,
    rows_of_split,
)
from groupae.groups import SE3, SO3

__all__ = ["ELEMENTS", "Molecules", "move_atoms"]

ELEMENTS = ("H", "C", "N", "O", "F")
"""Elements of the columns after the position."""

_NUMBERS = (1, 6, 7, 8, 9)  # atomic numbers of the elements
_COUNTS = (1640, 100, 300)  # molecules per split
_TINY = 24


def move_atoms(g: Tensor, x: Tensor) -> Tensor:
    """Return molecules moved in space; types and empty rows stay the same.

    Args:
        g: Rotations, shape ``(n, 3, 3)``, or rigid motions, homogeneous matrices ``(n, 4, 4)``.
        x: Molecules, shape ``(n, atoms, 3 + types)``.

    Example:
        >>> from groupae import SE3
        >>> x = torch.tensor([[[1.0, 0, 0, 1], [0, 0, 0, 0]]])  # one atom, one empty row
        >>> move_atoms(SE3().exp(torch.tensor([[0.0, 2.0, 0.0, 0.0, 0.0, 0.0]])), x).tolist()
        [[[1.0, 2.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]]
    """
    positions, types = x[..., :3], x[..., 3:]
    moved = positions @ g[..., :3, :3].mT
    if g.shape[-1] == 4:
        moved = moved + g[..., None, :3, 3] * types.sum(-1, keepdim=True)
    return torch.cat([moved, types], -1)


class Molecules(OrbitPairs):
    """Pairs of one molecule, randomly rotated in space; SO(3) acts on positions, not on types.

    2040 organic molecules of 7 to 24 atoms with their hydrogens, of six families; positions are
    computed (ETKDG and MMFF94), see ``assets/NOTICE.md``. 1640, 100 and 300 for training,
    validation and testing, split once and for all. Shape ``(24, 8)``, laid out as in
    `groupae.experiments.datasets.molecules`; labels are indices of ``classes``.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Key of order and motions. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"tiny"``: 24 molecules of the split; other sizes: all of it.
        folder: Must be ``None``: the molecules are embedded.
        group: ``SO3()``, or ``SE3()`` for rigid motions with standard normal shifts in angstrom.

    Raises:
        ValueError: If split or size is unknown, or a folder is given.
        TypeError: If ``group`` is of another class.

    Attributes:
        smiles: The molecules as SMILES.

    Example:
        >>> test = Molecules("test")
        >>> test.fixed().x1.shape, len(test.smiles)
        (torch.Size([300, 24, 8]), 300)
    """

    classes = ("chain", "ring", "aromatic", "heterocycle", "amino acid", "sugar")

    originals: Tensor

    def __init__(
        self,
        split: Split,
        *,
        seed: int = 0,
        size: Size = "small",
        folder: Folder = None,
        group: SO3 | SE3 | None = None,
    ) -> None:
        check_options("Molecules", split, size)
        refuse_folder("Molecules", folder)
        group = SO3() if group is None else group
        if not isinstance(group, (SO3, SE3)):
            raise TypeError(expected("Molecules", "group to be SO3() or SE3()", repr(group)))
        molecules, labels, smiles = _embedded_molecules()
        part = rows_of_split(split, _COUNTS)[: _TINY if size == "tiny" else None]
        super().__init__(molecules[part], group, move_atoms, labels=labels[part], seed=seed)
        self.split = split
        self.smiles = tuple(smiles[i] for i in part.tolist())


def _embedded_molecules() -> tuple[Tensor, Tensor, list[str]]:
    """Return all molecules, their labels and their SMILES."""
    arrays = load_embedded("molecules")
    positions = torch.from_numpy(arrays["positions"]).float()
    numbers = torch.from_numpy(arrays["numbers"]).long()
    labels = torch.from_numpy(arrays["family"]).long()
    smiles = [name.decode() for name in arrays["smiles"]]
    types = (numbers.unsqueeze(-1) == torch.tensor(_NUMBERS)).float()
    present = types.sum(-1, keepdim=True)
    centroid = (positions * present).sum(1, keepdim=True) / present.sum(1, keepdim=True)
    return torch.cat([(positions - centroid) * present, types], -1), labels, smiles
