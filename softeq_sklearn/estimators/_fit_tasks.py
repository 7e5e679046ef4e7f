"""The tasks of a fit, of which callbacks of scikit-learn are told: progress bars, monitors."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
from skorch.callbacks import Callback

from softeq_sklearn.training._stopping import StopTraining

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # they came with scikit-learn 1.9

    class CallbackSupportMixin:
        """Nothing: there are no callbacks."""

    def with_callbacks(method):
        """Return the method."""
        return method


# Attributes of a fit that goes on, and all that belong to who watches it.
FIT_ATTRIBUTES = {"_callback_fit_ctx", "_skl_callbacks_to_teardown", "_told"}
CALLBACK_ATTRIBUTES = FIT_ATTRIBUTES | {"_parent_callback_ctx", "_skl_callbacks"}


@contextmanager
def fit_task(estimator, X, y, sample_weight):
    """Tell the callbacks of an estimator that a whole fit begins and, without an error, ends.

    Its parts are tasks of their own (:func:`part_of_fit`), of which there are one to four.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        What is fitted.
    X, y : array-like
        What it is fitted to.
    sample_weight : array-like or None
        Weights of the rows.
    """
    if not getattr(estimator, "_skl_callbacks", None):  # nobody is told, and epochs cost nothing
        yield
        return
    weights = None if sample_weight is None else {"sample_weight": np.asarray(sample_weight)}
    told = estimator._told = {"X": X, "y": estimator._targets_of(y), "metadata": weights}
    try:
        task = estimator._init_callback_context(max_subtasks=None)
        task.call_on_fit_task_begin(estimator=estimator, **told)
        yield
        task.call_on_fit_task_end(estimator=estimator, **told, reconstruction_attributes=dict)
    finally:
        del estimator._told


@contextmanager
def part_of_fit(estimator, name, n_epochs=0):
    """Tell the callbacks of an estimator that a part of its fit begins and, without an error, ends.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        What is fitted; estimators that a fit makes for trials have no callbacks.
    name : str
        Name of the part.
    n_epochs : int, default=0
        Epochs that are tasks of this one.

    Yields
    ------
    sklearn.callback.CallbackContext or None
        The task; None where nobody is told.
    """
    fit = getattr(estimator, "_callback_fit_ctx", None)
    if fit is None:
        yield None
        return
    task = fit.subcontext(task_name=name, max_subtasks=n_epochs)
    task.call_on_fit_task_begin(estimator=estimator)
    yield task
    task.call_on_fit_task_end(estimator=estimator)


class EpochTasks(Callback):
    """Makes each epoch of a net a task.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        Whose net it is.
    training : sklearn.callback.CallbackContext
        The task that the epochs are part of.
    """

    def __init__(self, estimator, training):
        self.estimator = estimator
        self.training = training

    def on_epoch_begin(self, net, **kwargs):
        """Begin a task."""
        self._epoch = self.training.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.estimator)

    def on_epoch_end(self, net, **kwargs):
        """End it; a callback that wants the training to stop ends that, too."""
        stops = self._epoch.call_on_fit_task_end(
            estimator=self.estimator,
            **self.estimator._told,
            reconstruction_attributes=lambda: self.estimator._snapshot(net),
        )
        if stops:
            raise StopTraining
