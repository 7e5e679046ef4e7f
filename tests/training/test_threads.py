import pytest
import torch

from softeq_sklearn.training import threads_for


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_small_batches_take_one_thread(two_threads):
    with threads_for(100 * 128):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_large_batches_take_what_there_is(two_threads):
    with threads_for(10_000 * 128):
        assert torch.get_num_threads() == 2


def test_setting_comes_back_after_an_error(two_threads):
    with pytest.raises(RuntimeError, match="mid-training"), threads_for(1):
        raise RuntimeError("mid-training")
    assert torch.get_num_threads() == 2
