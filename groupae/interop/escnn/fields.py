"""escnn's field types as representations of the channels, and back.

Conventions: the channels of a field type are its fields one after another, and so are the parts of
the representation. Equal fields in a row make one `Fields`, applied in one piece.

A space of escnn says how its group moves points, and that need not be how ours of the same name
does: `flipRot2dOnR2` reflects about the y axis unless told ``axis=0``, and ours about x; a flip of
`flip2dOnR2` is no half turn; the z axis of voxels runs the other way. The fields alone then do not
say what happens to a picture, so `grid_action_from_field_type` takes both.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.actions import GridAction
from groupae.actions.positions import position_representation
from groupae.actions.resampling import Mode
from groupae.groups import O2, Dihedral
from groupae.interop.escnn.groups import escnn_module, group_from_escnn
from groupae.interop.escnn.representations import representation_from_escnn, representation_to_escnn
from groupae.representations import DirectSum, Fields, IrrepSum, Representation

if TYPE_CHECKING:
    from escnn.gspaces import GSpace
    from escnn.nn import FieldType

__all__ = [
    "field_type_from_representation",
    "field_type_to_representation",
    "grid_action_from_field_type",
]


def grid_action_from_field_type(
    field_type: FieldType, size: tuple[int, ...], *, mode: Mode = "bilinear"
) -> GridAction:
    """Return the action on feature maps of a field type, on places and channels.

    The elements are those of `element_from_escnn`, whatever axis the space reflects about; where
    elements carry the grid to itself the result is that of ``GeometricTensor.transform``.

    Args:
        field_type: An ``escnn.nn.FieldType`` over the plane or space.
        size: ``(H, W)`` or ``(D, H, W)``.
        mode: As for `GridAction`.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If it is no field type, or of a group that `group_from_escnn` does not know.
        ValueError: If the size does not fit the space.
    """
    rho = field_type_to_representation(field_type, fibres_only=True)
    return GridAction(rho.group, size, channels=rho, mode=mode, places=_places(field_type.gspace))


def field_type_to_representation(
    field_type: FieldType, *, fibres_only: bool = False
) -> Representation:
    """Return the representation on the channels of a field type.

    Args:
        field_type: An ``escnn.nn.FieldType``.
        fibres_only: Take the channels though the space moves points in another way than ours; then
            use the result where there are no places, as in a `ChannelAction`.

    Returns:
        The direct sum of its fields in the order of the channels; for a `ChannelAction`, say.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If it is no field type, or of a group that `group_from_escnn` does not know.
        ValueError: If its space moves points in another way than our group of the same name does.
    """
    if not isinstance(field_type, escnn_module("nn").FieldType):
        what = "an escnn.nn.FieldType"
        raise TypeError(expected("field_type_to_representation", what, type(field_type).__name__))
    if not fibres_only:
        _check_places("field_type_to_representation", field_type.gspace)
    known: dict[object, Representation] = {}
    parts = []
    for theirs, run in itertools.groupby(field_type.representations):
        if theirs not in known:
            known[theirs] = _in_basis(*representation_from_escnn(theirs))
        field, copies = known[theirs], len(list(run))
        parts.append(field if copies == 1 else Fields(field.group, field, copies))
    return parts[0] if len(parts) == 1 else DirectSum.of(*parts)


def _places(gspace: GSpace) -> Representation:
    """Return the action of a space on points, in our axes: the z axis of voxels is reversed."""
    places = _in_basis(*representation_from_escnn(gspace.basespace_action))
    if gspace.dimensionality < 3:
        return places
    return places.change_basis(torch.diag(torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)))


def _check_places(owner: str, gspace: GSpace) -> None:
    """Raise `ValueError` if `GridAction` of the group moves points differently."""
    if gspace.dimensionality == 0:
        return
    places = _places(gspace)
    group = places.group
    if not group.has_standard:
        return  # GridAction refuses the group
    ours = position_representation(group)
    if ours.dim != places.dim:
        return  # GridAction refuses the size
    generator = torch.Generator().manual_seed(0)
    g = group.elements() if group.order is not None else group.sample(16, generator=generator)
    off = (places.matrix(g, torch.float64) - ours.matrix(g, torch.float64)).abs().max()
    if bool(off > 1e-4):
        what = f"a space that moves points as our {group} does"
        remedy = "use grid_action_from_field_type, or fibres_only=True for channels alone"
        if isinstance(group, (Dihedral, O2)):
            what, remedy = f"{what}, which reflects about x", f"make it with axis=0, {remedy}"
        raise ValueError(expected(owner, what, gspace, remedy))


def _in_basis(rho: Representation, basis: Tensor) -> Representation:
    eye = torch.eye(rho.dim, dtype=torch.float64)
    return rho if bool((basis - eye).abs().max() < 1e-14) else rho.change_basis(basis)


def field_type_from_representation(
    gspace: GSpace, rho: Representation, *, fibres_only: bool = False
) -> FieldType:
    """Return the field type whose channels are the vectors of ``rho``.

    Args:
        gspace: An ``escnn.gspaces.GSpace`` whose fibres the group of ``rho`` moves.
        rho: A representation; each part of a direct sum, each of `Fields` and each term of a sum
            of irreps is a field. Terms of several copies are laid out irrep first, so they are one
            field together; write ``Fields`` or terms of one copy for many small ones.
        fibres_only: As for `field_type_to_representation`.

    Returns:
        An ``escnn.nn.FieldType`` with the same matrices on the same channels.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If ``gspace`` is none of escnn's.
        ValueError: If its fibre group is another than ``rho.group``, or it moves points in another
            way than that.
    """
    if not isinstance(gspace, escnn_module("gspaces").GSpace):
        what = "an escnn.gspaces.GSpace"
        raise TypeError(expected("field_type_from_representation", what, type(gspace).__name__))
    fibre = group_from_escnn(gspace.fibergroup)
    if fibre != rho.group:
        what = f"a representation of {fibre}, the fibre group of {gspace}"
        raise ValueError(expected("field_type_from_representation", what, f"one of {rho.group}"))
    if not fibres_only:
        _check_places("field_type_from_representation", gspace)
    known: dict[Representation, object] = {}
    fields = []
    for part in _fields(rho):
        if part not in known:
            known[part] = representation_to_escnn(part, gspace.fibergroup)
        fields.append(known[part])
    return escnn_module("nn").FieldType(gspace, fields)


def _fields(rho: Representation) -> list[Representation]:
    """Return the representations of the fields, in the order of the channels."""
    if isinstance(rho, Fields):
        return _fields(rho.inner) * rho.copies
    if isinstance(rho, DirectSum):
        return [field for part in rho.parts for field in _fields(part)]
    if isinstance(rho, IrrepSum):
        return [IrrepSum(rho.group, (term,)) for term in rho.terms]
    return [rho]
