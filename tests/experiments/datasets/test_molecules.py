"""Molecules: true pairs, plausible geometry, constant elements, a small file."""

from importlib import resources

import numpy as np
import pytest
import torch

from groupae import SE3, SO2, SO3, Molecules
from groupae.experiments.datasets.molecules import ELEMENTS, move_atoms

SIZES = {"train": 1640, "validation": 100, "test": 300}
GROUPS = (SO3(), SE3())
CHECKSUMS = [1807623.062, 1669798.756]


@pytest.fixture(scope="module")
def everything():
    """Return positions, element columns and presence of all molecules."""
    x = torch.cat([Molecules(split).originals for split in SIZES])
    return x[..., :3], x[..., 3:], x[..., 3:].sum(-1) > 0


def molecule(smiles):
    """Return elements and positions of a molecule that is in one of the splits."""
    for split in SIZES:
        data = Molecules(split)
        if smiles in data.smiles:
            x = data.originals[data.smiles.index(smiles)]
            x = x[x[:, 3:].sum(-1) > 0]
            return [ELEMENTS[i] for i in x[:, 3:].argmax(-1)], x[:, :3]
    raise AssertionError(f"no {smiles}")


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_the_second_view_is_the_first_moved(group):
    pairs = Molecules("test", group=group).fixed()
    torch.testing.assert_close(move_atoms(pairs.g, pairs.x1), pairs.x2, atol=1e-5, rtol=0)
    error = move_atoms(group.inverse(pairs.g), pairs.x1) - pairs.x2
    assert error.square().mean() > 0.1


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_moving_atoms_is_a_left_action(group):
    x = Molecules("validation").originals
    g, h = group.sample(2, len(x), generator=torch.Generator().manual_seed(0))
    once, twice = move_atoms(group.compose(g, h), x), move_atoms(g, move_atoms(h, x))
    torch.testing.assert_close(once, twice, atol=2e-5, rtol=0)
    torch.testing.assert_close(move_atoms(group.identity(len(x)), x), x)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_elements_and_empty_rows_stay(group):
    pairs = Molecules("test", group=group).fixed()
    originals = Molecules("test").originals
    empty = originals[..., 3:].sum(-1) == 0
    assert empty.any()
    for x in (pairs.x1, pairs.x2):
        assert torch.equal(x[..., 3:], originals[..., 3:])
        assert not x[empty].any()


def test_distances_between_atoms_are_invariant():
    pairs = Molecules("test", group=SE3()).fixed()
    before, after = (torch.cdist(x[..., :3], x[..., :3]) for x in (pairs.x1, pairs.x2))
    present = pairs.x1[..., 3:].sum(-1) > 0
    both = present[:, :, None] & present[:, None]
    torch.testing.assert_close(before[both], after[both], atol=1e-3, rtol=1e-4)


def test_rotations_do_not_reflect():
    """The volume of the first four atoms keeps its sign, so chirality is kept."""
    pairs = Molecules("test").fixed()
    volume = [torch.det(x[:, 1:4, :3] - x[:, :1, :3]) for x in (pairs.x1, pairs.x2)]
    torch.testing.assert_close(*volume, atol=1e-4, rtol=1e-3)
    assert volume[0].abs().max() > 0.5


def test_every_atom_is_at_a_bond_length_from_another(everything):
    positions, _, present = everything
    away = torch.where(present.unsqueeze(1) & present.unsqueeze(2), 0.0, 99.0)
    gaps = torch.cdist(positions, positions) + away + 99 * torch.eye(24)
    nearest = gaps.amin(-1)[present]
    assert nearest.min() > 0.93
    assert nearest.max() < 1.6


def test_bond_lengths_and_angles_agree_with_tables():
    """Benzene C-C 1.40, C-H 1.08; acetone C=O 1.21 to 1.23 (CRC Handbook), all in angstrom."""
    names, x = molecule("c1ccccc1")
    carbon, hydrogen = (x[[n == name for n in names]] for name in "CH")
    ring = torch.cdist(carbon, carbon).sort(1).values
    assert ring[:, 1:3].flatten().tolist() == pytest.approx([1.40] * 12, abs=0.02)
    assert ring[:, 5].tolist() == pytest.approx([2.79] * 6, abs=0.04)
    assert torch.cdist(hydrogen, carbon).amin(1).tolist() == pytest.approx([1.08] * 6, abs=0.02)
    assert torch.linalg.svdvals(x)[2] < 0.02  # flat
    names, x = molecule("CC(C)=O")
    carbon, oxygen = (x[[n == name for n in names]] for name in "CO")
    assert float(torch.cdist(oxygen, carbon).min()) == pytest.approx(1.22, abs=0.02)


def test_molecules_are_centred_and_listed_from_the_first_row(everything):
    positions, types, present = everything
    count = present.sum(1)
    assert (positions.sum(1) / count[:, None]).abs().max() < 1e-6
    assert torch.equal(present, torch.arange(24) < count[:, None])
    assert (types.sum(-1)[present] == 1).all()
    assert 7 <= count.min() < count.max() == 24
    assert (types.sum((0, 1)) > 100).all()


def test_names_count_the_heavy_atoms():
    """SMILES of these elements name every heavy atom by one letter."""
    data = Molecules("test")
    heavy = data.originals[..., 4:].sum((1, 2)).long().tolist()
    for name, count in zip(data.smiles, heavy, strict=True):
        letters = [c for c in name.replace("@H", "").replace("[nH]", "n") if c in "CNOFcno"]
        assert len(letters) == count, name


def test_splits_are_disjoint_and_complete():
    names = [Molecules(split).smiles for split in SIZES]
    assert [len(part) for part in names] == list(SIZES.values())
    assert len({name for part in names for name in part}) == 2040
    labels = torch.cat([Molecules(split).labels for split in SIZES])
    assert labels.bincount().tolist() == [340] * len(Molecules.classes)
    tiny = Molecules("test", size="tiny")
    assert tiny.smiles == names[2][:24]
    assert len(tiny) == 24


def test_fixed_pairs_are_the_same_on_every_machine():
    pairs = Molecules("test").fixed()
    weights = torch.arange(1, 301, dtype=torch.float64)
    figures = [
        float((x.double().square()[..., 0].sum(1) * weights).sum()) for x in (pairs.x1, pairs.x2)
    ]
    assert figures == pytest.approx(CHECKSUMS, rel=1e-5)


def test_the_file_is_small():
    asset = resources.files("groupae.experiments.datasets") / "assets" / "molecules.npz"
    with resources.as_file(asset) as path:
        assert path.stat().st_size < 500_000
        with np.load(path, allow_pickle=False) as arrays:
            kinds = {name: str(arrays[name].dtype) for name in ("numbers", "positions", "family")}
    assert kinds == {"numbers": "uint8", "positions": "float16", "family": "uint8"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "Molecules: expected split to be one of train, validation, test"),
        ({"split": "test", "folder": "x"}, "Molecules: expected no folder, got 'x'; it has no"),
    ],
)
def test_bad_options_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Molecules(**arguments)


def test_other_groups_are_refused():
    with pytest.raises(TypeError, match=r"expected group to be SO3\(\) or SE3\(\), got SO2\(\)"):
        Molecules("test", group=SO2())
