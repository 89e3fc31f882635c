"""Groups, representations and field types between groupae and escnn.

Both ways, by the same matrices: escnn's irreps are ours in another basis, found once. What comes
back is frozen data of ours, batched and differentiable, with nothing of escnn inside (its objects
cannot be pickled). One file a thing: ``groups``, ``representations``, ``fields``,
``layer_actions`` (for audits).

escnn declares a requirement that is built with Fortran and not needed, and numpy below 2. So it is
installed by two commands, in an environment of its own (Python 3.10 to 3.12)::

    pip install 'groupae[escnn]'
    pip install --no-deps escnn
"""

from groupae.interop.escnn.fields import (
    field_type_from_representation,
    field_type_to_representation,
    grid_action_from_field_type,
)
from groupae.interop.escnn.groups import (
    element_from_escnn,
    element_to_escnn,
    group_from_escnn,
    group_to_escnn,
)
from groupae.interop.escnn.layer_actions import layer_actions_from_escnn, layers_from_escnn
from groupae.interop.escnn.representations import (
    matrices_from_escnn,
    representation_from_escnn,
    representation_to_escnn,
)

__all__ = [
    "element_from_escnn",
    "element_to_escnn",
    "field_type_from_representation",
    "field_type_to_representation",
    "grid_action_from_field_type",
    "group_from_escnn",
    "group_to_escnn",
    "layer_actions_from_escnn",
    "layers_from_escnn",
    "matrices_from_escnn",
    "representation_from_escnn",
    "representation_to_escnn",
]
