"""A fit that fails leaves an estimator as it was."""

from __future__ import annotations

from contextlib import contextmanager


@contextmanager
def restored_after_an_error(estimator, but=frozenset()):
    """Put all attributes back if an error leaves the block.

    New scalings beside an old network would predict without complaint, and wrongly.

    Parameters
    ----------
    estimator : object
        Its attributes are bound anew inside of the block, not changed in place.
    but : set of str, empty by default
        Names of attributes that stay as they are.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        kept = {name: value for name, value in vars(estimator).items() if name in but}
        vars(estimator).clear()
        vars(estimator).update(before | kept)
        raise
