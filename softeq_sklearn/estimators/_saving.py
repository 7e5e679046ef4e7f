"""Fitted estimators as pickles and as files of weights."""

from __future__ import annotations

from sklearn.utils.validation import check_is_fitted

from softeq_sklearn import __version__
from softeq_sklearn.estimators._fit_tasks import FIT_ATTRIBUTES
from softeq_sklearn.estimators._plain_net import net_from, plain_net
from softeq_sklearn.estimators._versions import warn_of_another_version
from softeq_sklearn.estimators._weight_contents import contents_of, estimator_from
from softeq_sklearn.persistence._weight_files import read_weights, write_weights

# Name under which pickles have the version of the package.
_VERSION = "_softeq_sklearn_version"


class SavingMixin:
    """An estimator whose net is saved as plain arrays, in pickles and in files of safetensors."""

    def save_weights(self, path):
        """Save the fitted estimator to a file of safetensors, which anybody can load safely.

        The file holds arrays, numbers and texts. Groups, tuners and callbacks are not in it:
        :meth:`from_weights` is given those that the estimator was made with.

        Parameters
        ----------
        path : str or Path
            The file, by custom with the suffix ".safetensors".

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the network is a module of your own, or the penalty one of the function.
        ImportError
            If safetensors is not installed (it comes with the extra ``persistence``).
        """
        check_is_fitted(self)
        write_weights(path, contents_of(self))

    @classmethod
    def from_weights(cls, path, **parameters):
        """Return the fitted estimator of a file of :meth:`save_weights`.

        Parameters
        ----------
        path : str or Path
            The file. Nothing in it is run.
        **parameters : dict
            Parameters of the constructor. Those not given are as they were, but for `callbacks`,
            `checkpoint` and a `random_state` that is no int, which are None.

        Returns
        -------
        estimator
            Fitted; it predicts the same to the last bit.

        Raises
        ------
        ValueError
            If the file is not one of these, is of another class of estimators, or does not go with
            the parameters; or parameters that no file holds, such as groups, are not given.
        TypeError
            If the constructor has no parameter of a name.
        OSError
            If the file cannot be read.
        ImportError
            If safetensors is not installed.

        Warns
        -----
        InconsistentVersionWarning
            If the file is of another version of the package.

        Examples
        --------
        >>> import numpy as np
        >>> import tempfile
        >>> from pathlib import Path
        >>> from softeq_sklearn import SoftEquivariantRegressor
        >>> from softeq_sklearn.groups import SO
        >>> X = np.random.RandomState(0).randn(50, 2)
        >>> model = SoftEquivariantRegressor([SO(2)], "Vector", hidden_channels=8, max_epochs=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "model.safetensors"
        ...     model.fit(X, X[:, 0]).save_weights(path)
        ...     twin = SoftEquivariantRegressor.from_weights(path, groups=[SO(2)])
        >>> bool((twin.predict(X) == model.predict(X)).all())
        True
        """
        return estimator_from(cls, read_weights(path), parameters)

    def __getstate__(self):
        state = {**super().__getstate__(), _VERSION: __version__}
        state = {name: value for name, value in state.items() if name not in FIT_ATTRIBUTES}
        plain = plain_net(self.net_, self._constant_rate) if "net_" in state else None
        if plain is not None:
            state["net_"] = plain
        return state

    def __setstate__(self, state):
        state = dict(state)
        version, net = state.pop(_VERSION, None), state.get("net_")
        warn_of_another_version(type(self).__name__, version)
        super().__setstate__(state)
        if isinstance(net, dict):
            self.net_ = net_from(self, net)
