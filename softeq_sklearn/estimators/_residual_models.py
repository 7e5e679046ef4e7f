"""Regressors that look for what breaks a symmetry in what networks have not learnt."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)

# Most monomials, and most splines, whose ridge regression takes longer.
_MOST_MONOMIALS, _MOST_SPLINES = 2000, 500
# Regularisation of features of unit variance, of which cross-validation takes one.
_ALPHAS = np.logspace(1, 6, 11)
# Knots of cubic splines, at quantiles, and how many features a column then becomes.
_KNOTS, _SPLINES = 8, 9
# Inverse range of the kernel, divided by the number of columns.
_INVERSE_RANGE = 0.5


def residual_models(rep, dim, seed, *, trees=True):
    """Make the regressors, in the order in which they are asked.

    Polynomials see small smooth breaking, and additive functions what singles out axes: sums of
    functions of one coordinate, or of one coordinate of the difference of two vectors or Points. A
    Laplacian kernel sees what has edges, and trees, which take long, what needs few of many
    columns. There are no additive functions of more than 55 columns.

    Parameters
    ----------
    rep : Rep
        What the columns are.
    dim : int
        Dimension of the space that groups act on.
    seed : int
        Seed of the trees.
    trees : bool, default=True
        Whether there are trees, too.

    Returns
    -------
    list of estimator
        Not fitted.
    """
    n_features = rep.dim(dim)
    models = [polynomial(n_features), kernel(n_features)]
    if n_features * _SPLINES <= _MOST_SPLINES:
        models.insert(1, additive(rep, dim))
    return [*models, forest(seed)] if trees else models


def polynomial(n_features):
    """Ridge regression on monomials of degree 1 and 2, or on the columns where they are many."""
    degree = 2 if n_features * (n_features + 3) // 2 <= _MOST_MONOMIALS else 1
    return make_pipeline(
        StandardScaler(),
        PolynomialFeatures(degree, include_bias=False),
        StandardScaler(),
        RidgeCV(_ALPHAS),
    )


def additive(rep, dim):
    """Ridge regression on splines of each column and, unless they are many, of differences."""
    first, second = like_columns(rep, dim)
    if (rep.dim(dim) + len(first)) * _SPLINES > _MOST_SPLINES:
        first = second = first[:0]
    return make_pipeline(
        FunctionTransformer(_with_differences, kw_args={"first": first, "second": second}),
        SplineTransformer(_KNOTS, degree=3, knots="quantile", include_bias=False),
        StandardScaler(),
        RidgeCV(_ALPHAS),
    )


def kernel(n_features):
    """Kernel ridge regression with a Laplacian kernel."""
    ridge = KernelRidge(kernel="laplacian", gamma=_INVERSE_RANGE / n_features)
    return make_pipeline(StandardScaler(), ridge)


def forest(seed):
    """Extremely randomised trees that see all columns at each split."""
    return ExtraTreesRegressor(100, min_samples_leaf=3, random_state=seed)


def like_columns(rep, dim):
    """Pairs of columns that are the same component of two tensors of one type, not of scalars.

    Returns
    -------
    first, second : ndarray of shape (n_pairs,)
        Their numbers.
    """
    pairs = [np.empty((2, 0), dtype=int)]
    for block in rep.blocks(dim):
        if block.word:
            tensors = block.index.reshape(-1, block.index.shape[-1])
            pairs += [np.stack(pair) for pair in combinations(tensors, 2)]
    first, second = np.concatenate(pairs, axis=1)
    return first, second


def _with_differences(X, first, second):
    return np.hstack([X, X[:, first] - X[:, second]])
