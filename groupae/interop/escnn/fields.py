"""escnn's field types as representations of the channels, and back.

Conventions: the channels of a field type are its fields one after another, and so are the parts of
the representation. Equal fields in a row make one `Fields`, applied in one piece.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.interop.escnn.groups import escnn_module, group_from_escnn
from groupae.interop.escnn.representations import (
    representation_from_escnn,
    representation_to_escnn,
)
from groupae.representations import DirectSum, Fields, IrrepSum, Representation

if TYPE_CHECKING:
    from escnn.gspaces import GSpace
    from escnn.nn import FieldType

__all__ = ["field_type_from_representation", "field_type_to_representation"]


def field_type_to_representation(field_type: FieldType) -> Representation:
    """Return how the group acts on the channels of a field type.

    Args:
        field_type: An ``escnn.nn.FieldType``.

    Returns:
        The direct sum of its fields in the order of the channels; for a `ChannelAction`, say.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If it is no field type, or of a group that `group_from_escnn` does not know.
    """
    if not isinstance(field_type, escnn_module("nn").FieldType):
        what = "an escnn.nn.FieldType"
        raise TypeError(expected("field_type_to_representation", what, type(field_type).__name__))
    known: dict[object, Representation] = {}
    parts = []
    for theirs, run in itertools.groupby(field_type.representations):
        if theirs not in known:
            known[theirs] = _in_basis(*representation_from_escnn(theirs))
        field, copies = known[theirs], len(list(run))
        parts.append(field if copies == 1 else Fields(field.group, field, copies))
    return parts[0] if len(parts) == 1 else DirectSum.of(*parts)


def _in_basis(rho: Representation, basis: Tensor) -> Representation:
    eye = torch.eye(rho.dim, dtype=torch.float64)
    return rho if bool((basis - eye).abs().max() < 1e-14) else rho.change_basis(basis)


def field_type_from_representation(gspace: GSpace, rho: Representation) -> FieldType:
    """Return the field type whose channels are the vectors of ``rho``.

    Args:
        gspace: An ``escnn.gspaces.GSpace`` whose fibres the group of ``rho`` moves.
        rho: A representation; each part of a direct sum, each of `Fields` and each term of a sum
            of irreps is a field. Terms of several copies are laid out irrep first, so they are one
            field together; write ``Fields`` or terms of one copy for many small ones.

    Returns:
        An ``escnn.nn.FieldType`` with the same matrices on the same channels.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If ``gspace`` is none of escnn's.
        ValueError: If its fibre group is another than ``rho.group``.
    """
    if not isinstance(gspace, escnn_module("gspaces").GSpace):
        what = "an escnn.gspaces.GSpace"
        raise TypeError(expected("field_type_from_representation", what, type(gspace).__name__))
    fibre = group_from_escnn(gspace.fibergroup)
    if fibre != rho.group:
        what = f"a representation of {fibre}, the fibre group of {gspace}"
        raise ValueError(expected("field_type_from_representation", what, f"one of {rho.group}"))
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
