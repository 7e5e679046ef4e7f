"""Losses that are means over rows, which may have weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import log_softmax, mse_loss


class RowLoss(nn.Module):
    """A loss with a value for each row; their mean is the loss of a batch.

    Rows are the second last axis, so that members of a stacked network may stand before them.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.training import RowLoss
    >>> class AbsoluteError(RowLoss):
    ...     def rows(self, y_pred, y_true):
    ...         return (y_pred - y_true).abs().mean(-1)
    >>> AbsoluteError()(torch.tensor([[1.0], [4.0]]), torch.zeros(2, 1))
    tensor(2.5000)
    """

    def rows(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """Return the loss of each row.

        Parameters
        ----------
        y_pred, y_true : torch.Tensor of shape (..., n_samples, n_outputs)
            Outputs of a network, and targets.

        Returns
        -------
        torch.Tensor of shape (..., n_samples)
            The losses.
        """
        raise NotImplementedError

    def forward(self, y_pred: Tensor, y_true: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the mean over rows.

        Parameters
        ----------
        y_pred, y_true : torch.Tensor of shape (..., n_samples, n_outputs)
            Outputs of a network, and targets.
        weights : torch.Tensor of shape (..., n_samples) or None, default=None
            Factors of the rows; the mean is not divided by their mean, which is 1 over an epoch.

        Returns
        -------
        torch.Tensor of shape ()
            The loss.
        """
        rows = self.rows(y_pred, y_true)
        return rows.mean() if weights is None else (weights * rows).mean()


class SquaredError(RowLoss):
    """Mean squared error, as torch.nn.MSELoss.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.training import SquaredError
    >>> SquaredError()(torch.tensor([[1.0], [4.0]]), torch.zeros(2, 1), torch.tensor([2.0, 0.0]))
    tensor(1.)
    """

    def rows(self, y_pred, y_true):
        """Return the mean over outputs of the squared errors of each row.

        Parameters
        ----------
        y_pred, y_true : torch.Tensor of shape (..., n_samples, n_outputs)
            Outputs of a network, and targets.

        Returns
        -------
        torch.Tensor of shape (..., n_samples)
            The losses, in the squared units of the targets.
        """
        return (y_pred - y_true).square().mean(-1)

    def forward(self, y_pred, y_true, weights=None):
        """Return the mean over rows and outputs, in one pass over them.

        Parameters
        ----------
        y_pred, y_true : torch.Tensor of shape (..., n_samples, n_outputs)
            Outputs of a network, and targets.
        weights : torch.Tensor of shape (..., n_samples) or None, default=None
            Factors of the rows, at least 0.

        Returns
        -------
        torch.Tensor of shape ()
            The loss, in the squared units of the targets.
        """
        if weights is not None:
            root = weights.sqrt()[..., None]
            y_pred, y_true = root * y_pred, root * y_true
        return mse_loss(y_pred, y_true)


class CrossEntropy(RowLoss):
    """Cross-entropy of the softmax of outputs, from targets that are probabilities.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.training import CrossEntropy
    >>> CrossEntropy()(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    def rows(self, y_pred, y_true):
        """Return the cross-entropy of each row.

        Parameters
        ----------
        y_pred, y_true : torch.Tensor of shape (..., n_samples, n_outputs)
            Outputs of a network, and probabilities of the classes.

        Returns
        -------
        torch.Tensor of shape (..., n_samples)
            The losses in nats.
        """
        return -(y_true * log_softmax(y_pred, -1)).sum(-1)


def as_row_loss(criterion: nn.Module) -> RowLoss:
    """Return a criterion, or raise an error if it has no losses of rows.

    Parameters
    ----------
    criterion : torch.nn.Module
        The loss of a net.

    Raises
    ------
    TypeError
        If it is no RowLoss.
    """
    if not isinstance(criterion, RowLoss):
        raise TypeError(
            "criterion must be a RowLoss, such as SquaredError or CrossEntropy, for rows with "
            f"weights and for members. Got {criterion!r}."
        )
    return criterion
