from threading import Event, Thread

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


def test_overlapping_blocks_of_two_threads(two_threads):
    """The second begins while the first is inside, and ends after it."""
    second_began, first_ended, seen = Event(), Event(), []

    def second():
        with threads_for(1):
            second_began.set()
            first_ended.wait(10)
        seen.append(torch.get_num_threads())

    with threads_for(1):
        thread = Thread(target=second)
        thread.start()
        second_began.wait(10)
    first_ended.set()
    thread.join(10)
    last = Thread(target=lambda: seen.append(torch.get_num_threads()))
    last.start()
    last.join(10)
    assert seen == [2, 2] and torch.get_num_threads() == 2


def test_a_block_inside_of_another(two_threads):
    with threads_for(1):
        with threads_for(1):
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
