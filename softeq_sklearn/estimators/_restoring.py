"""A fit that fails leaves an estimator as it was."""

from __future__ import annotations

from contextlib import contextmanager


@contextmanager
def restored_after_an_error(estimator):
    """Put all attributes back if an error leaves the block.

    New scalings beside an old network would predict without complaint, and wrongly.

    Parameters
    ----------
    estimator : object
        Its attributes are bound anew inside of the block, not changed in place.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
