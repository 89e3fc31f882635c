"""Write the asset ``molecules.npz``: small organic molecules, enumerated and embedded.

Usage: ``python docs/recipes/make_molecules.py [target.npz]``, where numpy and rdkit are installed
(2026.09.1 made the shipped file). groupae itself never imports rdkit.

Up to two hydrogens on carbon atoms of each scaffold (chains, rings, aromatic rings, heterocycles,
listed amino acids and sugars) are replaced by common groups. Molecules within the limits (H, C, N,
O, F only; at most 24 atoms with hydrogens; at least 4 heavy atoms) are embedded by ETKDG with a
fixed seed, relaxed by MMFF94 and centred. Unconverged molecules and those with unusual bonds are
dropped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import AllChem

ATOMS = 24
ELEMENTS = (1, 6, 7, 8, 9)
CARBON = 6
PER_FAMILY = 340
SEED = 2024

FAMILIES = ("chain", "ring", "aromatic", "heterocycle", "amino acid", "sugar")
SCAFFOLDS = {
    "chain": "CC CCC CC(C)C CCCC CCCCC C=C CC=C CC#C COC CNC CC(C)=O CC=O CC(=O)OC CC(N)=O"
    " CC(C)(C)C",
    "ring": "C1CC1 C1CCC1 C1CCCC1 C1CCCCC1 C1=CCCC1 C1=CCCCC1 C1CC2CC12 C1CC2CCC1C2 O=C1CCCC1",
    "aromatic": "c1ccccc1 c1ccncc1 c1cncnc1 c1cnccn1 c1ccnnc1 c1cc[nH]c1 c1ccoc1 c1c[nH]cn1"
    " c1cn[nH]c1 c1cocn1 c1conc1",
    "heterocycle": "C1CO1 C1COC1 C1CCOC1 C1CCOCC1 C1CN1 C1CNC1 C1CCNC1 C1CCNCC1 C1COCCN1 C1COCCO1"
    " C1CNCCN1 O=C1CCCN1 O=C1CCCO1 C1COCO1",
    "amino acid": "NCC(=O)O C[C@H](N)C(=O)O CC(C)[C@H](N)C(=O)O CC(C)C[C@H](N)C(=O)O"
    " CC[C@H](C)[C@H](N)C(=O)O OC[C@H](N)C(=O)O C[C@@H](O)[C@H](N)C(=O)O O=C(O)[C@@H]1CCCN1"
    " NC(=O)C[C@H](N)C(=O)O NC(=O)CC[C@H](N)C(=O)O OC(=O)C[C@H](N)C(=O)O OC(=O)CC[C@H](N)C(=O)O"
    " N[C@@H](Cc1c[nH]cn1)C(=O)O NCCCC[C@H](N)C(=O)O NCC(=O)NCC(=O)O C[C@H](N)C(=O)NCC(=O)O"
    " NCCC(=O)O NCCCC(=O)O CNCC(=O)O CC(C)(N)C(=O)O CC[C@H](N)C(=O)O OCC[C@H](N)C(=O)O"
    " NCCC[C@H](N)C(=O)O NCC[C@H](N)C(=O)O O=C(O)C1(N)CC1 O=C(O)[C@H]1CCN1 O=C(O)[C@H]1CCCCN1"
    " NC[C@H](N)C(=O)O CC[C@@H](N)C(N)=O CC(=O)NCC(=O)O NCC(N)=O C[C@H](N)C(N)=O NC(=O)CNC=O",
    "sugar": "OCC(O)C=O OCC(=O)CO OC[C@@H](O)[C@@H](O)C=O OC[C@@H](O)[C@H](O)C=O"
    " OC[C@H]1OC(O)[C@H](O)[C@@H]1O OC[C@H]1OC(O)C[C@@H]1O OC1COC(O)[C@H](O)[C@@H]1O"
    " OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O OC[C@H]1O[C@H](O)[C@H](O)[C@@H](O)[C@@H]1O"
    " OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@H]1O C[C@@H]1O[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O"
    " C[C@@H]1O[C@@H](O)[C@@H](O)[C@H](O)[C@@H]1O OC[C@]1(O)OC[C@@H](O)[C@@H](O)[C@@H]1O"
    " OCC1(O)OC[C@H](O)[C@@H]1O OCC(O)CO OCC(O)C(O)CO OC[C@@H](O)[C@H](O)[C@H](O)CO"
    " OC1C(O)C(O)C(O)C(O)C1O OC1CCCCC1O OC1COCC1O OC1CCCOC1O OC1CC(O)C(O)C1O OC1C(O)C(O)C(O)C1O",
}
SMALL_GROUPS = ("C", "O", "N", "F", "OC", "C#N", "C=O")
GROUPS = (*SMALL_GROUPS, "CC", "C(=O)O", "C(N)=O", "C(C)=O", "NC", "CO", "CN", "C=C", "C#C")
GROUPS = (*GROUPS, "C(F)(F)F", "[N+](=O)[O-]")


def substituted(scaffold: str, groups: Sequence[str], sites: int) -> Iterator[str]:
    """Yield SMILES of the scaffold with up to ``sites`` hydrogens on carbon replaced."""
    yield scaffold
    if not sites:
        return
    molecule = Chem.MolFromSmiles(scaffold)
    for place in range(molecule.GetNumAtoms()):
        atom = molecule.GetAtomWithIdx(place)
        if atom.GetAtomicNum() != CARBON or not atom.GetTotalNumHs():
            continue
        for group in groups:
            joined = Chem.RWMol(Chem.CombineMols(molecule, Chem.MolFromSmiles(group)))
            joined.GetAtomWithIdx(place).SetNumExplicitHs(0)
            joined.AddBond(place, molecule.GetNumAtoms(), Chem.BondType.SINGLE)
            if Chem.SanitizeMol(joined, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
                yield from substituted(Chem.MolToSmiles(joined), SMALL_GROUPS, sites - 1)


def candidates() -> Iterator[tuple[str, str]]:
    """Yield each ``(family, canonical SMILES)`` once: scaffolds first, then in a seeded order."""
    seen: set[str] = set()
    for number, family in enumerate(FAMILIES):
        scaffolds = SCAFFOLDS[family].split()
        groups = SMALL_GROUPS if family in ("amino acid", "sugar") else GROUPS
        names = {name for smiles in scaffolds for name in substituted(smiles, groups, 2)}
        fresh = sorted({Chem.CanonSmiles(name) for name in names} - seen)
        seen.update(fresh)
        np.random.Generator(np.random.PCG64(SEED + number)).shuffle(fresh)
        plain = {Chem.CanonSmiles(smiles) for smiles in scaffolds}
        fresh.sort(key=lambda name: name not in plain)
        yield from ((family, name) for name in fresh)


def embedded(smiles: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return atomic numbers and centred positions in angstrom, or None for a dropped molecule."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()], np.uint8)
    heavy = int((numbers > 1).sum())
    if len(numbers) > ATOMS or heavy < 4 or not np.isin(numbers, ELEMENTS).all():
        return None
    settings = AllChem.ETKDGv3()
    settings.randomSeed = SEED
    if AllChem.EmbedMolecule(molecule, settings) or not AllChem.MMFFHasAllMoleculeParams(molecule):
        return None
    if AllChem.MMFFOptimizeMolecule(molecule, maxIters=2000):
        return None
    x = molecule.GetConformer().GetPositions()
    gaps = np.linalg.norm(x[:, None] - x, axis=-1) + 9 * np.eye(len(x))
    if gaps.min() < 0.9 or gaps.min(1).max() > 1.6:
        return None
    return numbers, x - x.mean(0)


def main(target: Path) -> None:
    """Write the asset."""
    RDLogger.DisableLog("rdApp.*")
    counts = dict.fromkeys(FAMILIES, 0)
    numbers, positions, families, names = [], [], [], []
    for family, smiles in candidates():
        if counts[family] >= PER_FAMILY or (made := embedded(smiles)) is None:
            continue
        counts[family] += 1
        room = ATOMS - len(made[0])
        numbers.append(np.pad(made[0], (0, room)))
        positions.append(np.pad(made[1], ((0, room), (0, 0))))
        families.append(FAMILIES.index(family))
        names.append(smiles)
    np.savez_compressed(
        target,
        numbers=np.stack(numbers),
        positions=np.stack(positions).astype(np.float16),
        family=np.array(families, np.uint8),
        smiles=np.array(names, np.bytes_),
    )
    print(counts, len(names), target.stat().st_size)  # noqa: T201


if __name__ == "__main__":
    main(
        Path(
            sys.argv[1]
            if len(sys.argv) > 1
            else "groupae/experiments/datasets/assets/molecules.npz"
        )
    )
