"""Losses that are means over rows."""

import pytest
import torch
from torch.nn.functional import cross_entropy, mse_loss

from softeq_sklearn.training import CrossEntropy, SquaredError

torch.manual_seed(0)
Y_PRED = torch.randn(3, 7, 4, dtype=torch.float64)
LABELS = torch.arange(7) % 4
CLASSES = torch.nn.functional.one_hot(LABELS).to(Y_PRED).expand_as(Y_PRED)
COUNTS = torch.tensor([1, 2, 1, 3, 1, 1, 5])


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()])
def test_mean_over_rows_of_all_members(loss):
    rows = loss.rows(Y_PRED, CLASSES)
    assert rows.shape == (3, 7)
    torch.testing.assert_close(loss(Y_PRED, CLASSES), rows.mean())


@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy()])
def test_weights_are_repetitions(loss):
    weights = (COUNTS / COUNTS.double().mean()).expand(3, 7)
    repeated = [torch.repeat_interleave(part, COUNTS, dim=1) for part in (Y_PRED, CLASSES)]
    torch.testing.assert_close(loss(Y_PRED, CLASSES, weights), loss(*repeated))


def test_squared_error_is_that_of_torch():
    torch.testing.assert_close(SquaredError()(Y_PRED, CLASSES), mse_loss(Y_PRED, CLASSES))


def test_cross_entropy_is_that_of_torch():
    expected = cross_entropy(Y_PRED.reshape(-1, 4), LABELS.repeat(3))
    torch.testing.assert_close(CrossEntropy()(Y_PRED, CLASSES), expected)
