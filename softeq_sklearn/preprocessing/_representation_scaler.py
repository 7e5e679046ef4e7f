"""A scaler of columns that no candidate group notices."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import FLOAT_DTYPES, check_array, check_is_fitted, validate_data

from softeq_sklearn._candidates import named_groups
from softeq_sklearn._columns import (
    REPRESENTATION,
    checked_rows,
    representation_of,
    rows_to_learn,
    schema_of,
    select_columns,
)
from softeq_sklearn._restoring import restored_after_an_error
from softeq_sklearn._row_weights import rows_that_count
from softeq_sklearn.preprocessing._column_scaling import fit_scaling, point_size
from softeq_sklearn.representations._layout import point_columns


class RepresentationScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Standardise columns without breaking equivariance.

    :class:`~sklearn.preprocessing.StandardScaler` gives each column a mean and a size of its own.
    That turns a rotation of the rows into something else: a sphere becomes an ellipsoid, and what
    was equivariant before is no longer. Here

    - all components of one copy of a tensor are divided by one factor, the root mean square of what
      the subtraction of a mean has left of them;
    - of the mean only that part is subtracted which all groups leave fixed,

    .. math:: x \mapsto \frac{x - P_G \bar x}{s},

    with P_G the projector onto the subspace that all groups fix: the whole mean of a scalar,
    nothing of a vector under SO(3), its z component under rotations about z (see
    docs/scaling.md). Points share one
    factor and one new origin, to which only such moves lead that map every group to itself. Each
    group then acts on the scaled rows as before; a translation by t acts there as one by t / s,
    so that Points keep their unit where that is of another group, as of a lattice.

    A second scaler does not know where the first has put the origin of Points: where X and y both
    have them, leave scaling to the estimators (`scale_columns=True`), which share it. Where `rep`
    is a schema, columns are chosen by name from data frames only; what makes arrays of them before,
    as :class:`~sklearn.compose.TransformedTargetRegressor` does, has to be given the columns in the
    order of the schema.

    Parameters
    ----------
    rep : Rep, ColumnSchema or str, default=None
        Representation of the columns; None: all are scalars, and the scaler is a
        :class:`~sklearn.preprocessing.StandardScaler`.
    groups : sequence of Group or mapping of str to Group, default=()
        The groups to respect. Without any every mean is removed.
    point_origin : {"data", "row"}, default="data"
        Where the origin of Points is put: at one place for all rows, moved only as far as no group
        notices; or in each row at the mean of its Points, which commutes with every affine group
        and forgets where the row was. What is left are Vectors, see `scaled_rep_`.

    Attributes
    ----------
    offset_ : ndarray of shape (n_features,)
        What is subtracted from each column, in its unit.
    scale_ : ndarray of shape (n_features,)
        What divides each column, in its unit; 1 where nothing but the mean is there.
    scaled_rep_ : Rep
        Representation of the columns that come out: `rep`, with Vectors for Points where each row
        has an origin of its own.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if X was a data frame with string names.

    See Also
    --------
    softeq_sklearn.SoftEquivariantRegressor : Scales columns in this way by itself
        (`scale_columns`).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.metrics import equivariance_error
    >>> from softeq_sklearn.preprocessing import RepresentationScaler
    >>> X = np.random.default_rng(0).normal(size=(100, 4)) * [5, 1, 2, 9] + [70, 0, 0, 3]
    >>> columns = "Scalar + Vector"
    >>> ours = RepresentationScaler(columns, [SO(3)]).fit(X)
    >>> ours.offset_.round(1), ours.scale_.round(1)
    (array([69.8,  0. ,  0. ,  0. ]), array([4.7, 6.3, 6.3, 6.3]))
    >>> for scaler in (StandardScaler().fit(X), ours):
    ...     error = equivariance_error(scaler.transform, X, SO(3), columns, columns, random_state=0)
    ...     print(f"{error:.2f}")
    0.60
    0.00
    """

    _parameter_constraints: dict = {
        "rep": REPRESENTATION,
        "groups": "no_validation",  # by named_groups, which says more
        "point_origin": [StrOptions({"data", "row"})],
    }

    def __init__(self, rep=None, groups=(), *, point_origin="data"):
        self.rep = rep
        self.groups = groups
        self.point_origin = point_origin

    def fit(self, X, y=None, sample_weight=None):
        """Learn offsets and scales.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep`, or a frame with those of a schema.
        y : None
            Not used.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in means and sizes, at least 0, of which only ratios matter.

        Returns
        -------
        self : object
            The fitted scaler.

        Raises
        ------
        ValueError
            If the data or a parameter is not as described.
        TypeError
            If `groups` holds something else, or the data is sparse.
        """
        self._validate_params()
        with restored_after_an_error(self):
            return self._fit(X, sample_weight)

    def _fit(self, X, sample_weight):
        X = validate_data(self, rows_to_learn("rep", self.rep, X), dtype=FLOAT_DTYPES)
        X, _, weights = rows_that_count(X, X, sample_weight)
        groups = list(named_groups(self.groups).values())
        dim = groups[0].dim if groups else None
        rep, dim = representation_of("rep", self.rep, X.shape[1], dim)
        if rep.has_dual_points:
            raise ValueError(
                "rep must not have duals of Points, on which translations have no linear action. "
                f"Got {rep!r}; use Vector.T for covectors."
            )
        dim = dim or 1
        centred = point_columns(rep, dim)[: None if self.point_origin == "row" else 0]
        if len(centred) == 1:
            raise ValueError(
                "point_origin must be 'data' for a single Point a row, of which nothing is left "
                f"relative to itself. Got 'row' and {rep!r}."
            )
        rows = _relative(X, centred)
        # As far as all rows go the origin of centred Points stays where it is.
        points = (
            (np.zeros(dim), point_size(rows[:, centred], weights=weights)) if len(centred) else None
        )
        scaling = fit_scaling(rows, rep, dim, groups, points, weights)
        self.offset_, self.scale_ = scaling.offset, scaling.factor
        self.scaled_rep_ = rep.centred if len(centred) else rep
        self._centred_columns, self._schema_in = centred, schema_of(self.rep)
        return self

    def transform(self, X):
        """Scale rows.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep`, or a frame with those of a schema.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The scaled rows, float32 where X is.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the scaler is not fitted.
        ValueError
            If X has other columns than in `fit`, or a number is not finite.
        """
        check_is_fitted(self)
        X = checked_rows(self, X, FLOAT_DTYPES)
        rows = _relative(X, self._centred_columns)
        return ((rows - self.offset_) / self.scale_).astype(X.dtype, copy=False)

    def inverse_transform(self, X):
        """Undo `transform`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled rows, or predictions of such.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows in the units of the data, float32 where X is.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the scaler is not fitted.
        ValueError
            If each row's origin was removed, which is not kept; or X has other columns than in
            `fit`, or a number is not finite.
        """
        check_is_fitted(self)
        if len(self._centred_columns):
            raise ValueError(
                "inverse_transform needs a fit with point_origin='data': where each row was is not "
                "kept. Got one with 'row'."
            )
        X = check_array(select_columns(self._schema_in, X, "X"), dtype=FLOAT_DTYPES)
        if X.shape[1] != len(self.scale_):
            raise ValueError(f"X must have {len(self.scale_)} columns. Got {X.shape[1]}.")
        return (X * self.scale_ + self.offset_).astype(X.dtype, copy=False)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that come out.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,) or None, default=None
            Names of the columns of X. Where `rep` is a schema, they may be in another order and
            more, since out come those of the schema.

        Returns
        -------
        ndarray of str objects of shape (n_features,)
            Names of the columns of X, or those of the schema in its order.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the scaler is not fitted.
        ValueError
            If the names are not those of `fit`.
        """
        check_is_fitted(self)
        if self._schema_in is not None:
            names = self._schema_in.names
            if input_features is None or set(names) <= set(input_features):
                return np.array(names, dtype=object)
        return super().get_feature_names_out(input_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _relative(X, columns):
    """Rows in float64, with the Points in these columns relative to the mean of each row's."""
    X = X.astype(np.float64)
    if len(columns):
        X[:, columns] -= X[:, columns].mean(axis=1, keepdims=True)
    return X
