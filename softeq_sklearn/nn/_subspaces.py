"""Whether the linear layers of a module have a subspace for a group."""

from __future__ import annotations

from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.groups._centre import centre_rule
from softeq_sklearn.nn._gated import GatedNonlinearity
from softeq_sklearn.nn._linear import EquivariantLinear, SoftLinear
from softeq_sklearn.nn._tensor_network import TensorNetwork


def check_has_subspace(module: nn.Module, group: Group, name: str | None = None) -> None:
    """Refuse a group under which no weights of the linear layers make a module equivariant.

    Parameters
    ----------
    module : torch.nn.Module
        A network, or a module of your own with linear layers of ours.
    group : Group
        A group on the space of the module.
    name : str or None, default=None
        The name of the group among candidates, for messages.

    Raises
    ------
    ValueError
        If the other layers do not commute with the group, types that it tells apart are stored as
        one, or Points are read and it acts about another centre than the origin.
    """
    rule = _broken_rule(module, group)
    if rule is not None:
        raise ValueError(f"{rule} Got {group!r}{'' if name is None else f' for {name!r}'}.")


def has_subspace(module: nn.Module, group: Group) -> bool:
    """Whether `check_has_subspace` lets a group pass."""
    return _broken_rule(module, group) is None


def _broken_rule(module: nn.Module, group: Group) -> str | None:
    for part in module.modules():
        if not isinstance(part, TensorNetwork):
            continue
        gates = [layer for layer in part.layers if isinstance(layer, GatedNonlinearity)]
        divides = part.row_size is not None and group.is_conformal
        acting = group.orthogonal_part if divides else group
        if any(gate.pointwise is not None for gate in gates) and not acting.is_permutation:
            return (
                "group must permute coordinates where all groups of the network do, since its "
                "nonlinearity commutes with no others."
            )
        if not part.stores_types_of(group):
            rule = "orthogonal" if part.row_size is None else "conformal"
            return (
                f"group must be {rule} where all groups of the network are, since V and its "
                "dual are one type there."
            )
    layers = [m for m in module.modules() if isinstance(m, SoftLinear | EquivariantLinear)]
    reads_points = any(layer.layout_in.has_points for layer in layers)
    return centre_rule(group) if reads_points else None
