"""Parts of a batch that several processes look at."""

from types import SimpleNamespace

import pytest
import torch

from softeq_sklearn.training import SquaredError, WeightedBatch
from softeq_sklearn.training._part_of_batch import PartOfBatch


def parts(batch, n_processes):
    return [
        PartOfBatch(batch, SimpleNamespace(process_index=i, num_processes=n_processes))
        for i in range(n_processes)
    ]


@pytest.mark.parametrize("n_processes", [1, 2, 3, 7])
@pytest.mark.parametrize("members", [(), (2,)])
def test_parts_make_the_whole(n_processes, members):
    torch.manual_seed(0)
    batch = torch.randn(*members, 5, 3), torch.randn(*members, 5, 2)
    all_parts = parts(batch, n_processes)
    outputs = [2 * part.batch[0][..., :2] for part in all_parts]
    whole = sum(p.among_all(out) for p, out in zip(all_parts, outputs, strict=True))
    torch.testing.assert_close(whole, 2 * batch[0][..., :2])
    assert sum(part.share for part in all_parts) == pytest.approx(1)


@pytest.mark.parametrize("n_processes", [2, 3, 7])
def test_shares_of_weighted_losses_add_up(n_processes):
    torch.manual_seed(0)
    batch = WeightedBatch([torch.randn(5, 2), torch.randn(5, 2), torch.tensor([1.0, 0, 2, 1, 1])])
    loss = SquaredError()
    shares = [
        part.share * loss(part.batch[0], part.batch[1], part.batch.weights)
        for part in parts(batch, n_processes)
    ]
    torch.testing.assert_close(sum(shares), loss(*batch, batch.weights))


def test_no_part_is_empty():
    batch = torch.zeros(2, 3), torch.zeros(2, 1)
    assert [len(part.batch[0]) for part in parts(batch, 5)] == [1] * 5
    assert [part.share for part in parts(batch, 5)] == [0, 0, 0.5, 0, 0.5]
