"""From the user's columns to features, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from softeq_sklearn.nn._layout import ColumnMap
from softeq_sklearn.projection._projector import helmert


class InputColumns(nn.Module):
    """From the user's columns to the layout of the network."""

    columns: torch.Tensor
    point_slots: torch.Tensor
    frame: torch.Tensor

    def __init__(self, columns: ColumnMap) -> None:
        super().__init__()
        self.register_buffer("columns", torch.tensor(columns.columns))
        slots = columns.point_slots
        frame = helmert(len(slots)) if len(slots) else np.zeros((0, 0))
        self.register_buffer("point_slots", torch.tensor(slots))
        self.register_buffer("frame", torch.tensor(frame))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return features (..., layout.size, n_samples) and the Points' mean, or None."""
        features = x.mT.index_select(-2, self.columns)
        if not len(self.point_slots):
            return features, None
        points = features[..., self.point_slots, :]
        turned = torch.einsum("pq,...qin->...pin", self.frame.to(x.dtype), points).flatten(-3, -2)
        features = features.index_copy(-2, self.point_slots.reshape(-1), turned)
        return features, points.mean(-3)


class OutputColumns(nn.Module):
    """From the layout of the network to the user's columns; Points are offsets from the centre."""

    positions: torch.Tensor
    point_slots: torch.Tensor

    def __init__(self, columns: ColumnMap) -> None:
        super().__init__()
        self.register_buffer("positions", torch.tensor(np.argsort(columns.columns)))
        self.register_buffer("point_slots", torch.tensor(columns.point_slots))

    def forward(self, features: torch.Tensor, centre: torch.Tensor | None) -> torch.Tensor:
        """Return the rows in the user's order, shape (..., n_samples, rep_out.dim)."""
        if len(self.point_slots):
            assert centre is not None  # since a network with Points out has Points in
            offsets = features[..., self.point_slots, :]
            moved = (offsets + centre[..., None, :, :]).flatten(-3, -2)
            features = features.index_copy(-2, self.point_slots.reshape(-1), moved)
        return features.index_select(-2, self.positions).mT
