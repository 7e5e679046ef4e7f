"""Frame averaging of gradient-boosted trees: accuracy, and how exact the symmetry is.

Run with ``python -m tests.benchmarks.frames``: trees that know no geometry learn an inertia tensor,
its trace and a vector, alone and inside `FrameAveragingRegressor` with O(3).
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.multioutput import MultiOutputRegressor

from softeq_sklearn import FrameAveragingRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.groups import O
from softeq_sklearn.metrics import equivariance_error


def targets(X, tensors):
    """Functions of the rows that are exactly equivariant, by representation."""
    masses, positions = X[:, :5], X[:, 5:].reshape(-1, 5, 3)
    tensors = tensors.reshape(-1, 3, 3)
    return {
        "Scalar": np.trace(tensors, axis1=1, axis2=2)[:, None],
        "Vector": np.einsum("nij,nj->ni", tensors, np.einsum("nm,nmi->ni", masses, positions)),
        "T(2)": tensors.reshape(-1, 9),
    }


def main():
    train, test = make_inertia(1000, random_state=0), make_inertia(1000, random_state=1)
    learned, wanted = targets(train.data, train.target), targets(test.data, test.target)
    trees = HistGradientBoostingRegressor(random_state=0)
    print("output   test MSE alone  in frames   error alone  in frames  on training rows")
    for rep_out, y in learned.items():
        alone = MultiOutputRegressor(trees).fit(train.data, y)
        framed = FrameAveragingRegressor(trees, O(3), train.rep_in, rep_out, random_state=0)
        framed.fit(train.data, y)

        def error(model, X, rep_out=rep_out):
            reps = train.rep_in, rep_out
            return equivariance_error(model, X, O(3), *reps, n_elements=32, random_state=0)

        mse = [
            np.mean((model.predict(test.data).reshape(1000, -1) - wanted[rep_out]) ** 2)
            for model in (alone, framed)
        ]
        print(
            f"{rep_out:8s} {mse[0]:14.3f} {mse[1]:10.3f} {error(alone, test.data[:200]):13.2g} "
            f"{error(framed, test.data[:200]):10.2g} {error(framed, train.data[:200]):17.2g}"
        )


if __name__ == "__main__":
    main()
