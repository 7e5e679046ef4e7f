"""
Scaling columns without breaking a symmetry
===========================================

Networks want columns of size 1, and ``StandardScaler`` is the usual way to get them. It gives each
column a mean and a size of its own. Where three columns are the components of one vector, that
turns a rotation of the rows into something else: a law that rotations do not change before the
scaling is changed by them after it, and no network behind the scaler can repair that.
``RepresentationScaler`` gives all components of a vector one factor, and keeps the law.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from softeq_sklearn import EquivariantRegressor, RepresentationScaler
from softeq_sklearn.groups import SO
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Scalar, Vector

# %%
# A law without a direction, and rows with one
# --------------------------------------------
# A charged bead is pulled to the origin and slowed down by drag. The force depends on its charge,
# position and velocity, and turns with them: it is equivariant under all rotations, SO(3). The
# beads lie in a flat disc, so that x varies ten times as much as z. That alone breaks nothing: a
# symmetry is one of the function, and rows need not lie equally in all directions.

group, rep_in, rep_out = SO(3), Scalar + 2 * Vector, Vector


def force(X):
    """Pull to the origin, in proportion to the charge, and drag."""
    charge, position, velocity = X[:, :1], X[:, 1:4], X[:, 4:]
    distance = np.linalg.norm(position, axis=1, keepdims=True)
    return -charge * position / (1 + distance) - 0.3 * velocity


def beads(n, flatness, random_state):
    """Rows of beads in a disc whose width is `flatness` times its height."""
    rng = np.random.default_rng(random_state)
    spread = np.array([1, flatness**-0.5, 1 / flatness])
    position = 3 * spread * rng.normal(size=(n, 3))
    return np.hstack([rng.uniform(1, 2, size=(n, 1)), position, rng.normal(size=(n, 3))])


X = beads(600, 10, random_state=0)
y = force(X)
print("standard deviations of the position:", X[:, 1:4].std(axis=0).round(2))
error = equivariance_error(force, X, group, rep_in, rep_out, random_state=0)
print(f"equivariance error of the force: {error:.0e}")

# %%
# What is left of the law after scaling
# -------------------------------------
# A model behind scalers is to learn the force in scaled columns: scaled rows go back to their
# units, through the force, and its result is scaled. We measure how far this function is from
# SO(3), with the scaler on X, on y or on both. 0 is an exact symmetry; 0.1 is an angle of about 11
# degrees between the force on a turned bead and the turned force.

unscaled = FunctionTransformer()
kinds = {
    "StandardScaler, X": (StandardScaler(), unscaled),
    "StandardScaler, y": (unscaled, StandardScaler()),
    "StandardScaler, X and y": (StandardScaler(), StandardScaler()),
    "RepresentationScaler, X and y": (
        RepresentationScaler(rep_in, [group]),
        RepresentationScaler(rep_out, [group]),
    ),
}


def scaled_error(scale_x, scale_y, X):
    """Equivariance error of the force between scaled columns."""
    scale_x.fit(X)
    scale_y.fit(force(X))

    def scaled_force(Z):
        return scale_y.transform(force(scale_x.inverse_transform(Z)))

    Z = scale_x.transform(X)
    return equivariance_error(scaled_force, Z, group, rep_in, rep_out, random_state=0)


flatness = [1, 2, 3, 5, 10]
errors = {
    name: [scaled_error(*scalers, beads(600, ratio, random_state=0)) for ratio in flatness]
    for name, scalers in kinds.items()
}

_, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for (name, error), marker in zip(errors.items(), "osDo", strict=True):
    ax.plot(flatness, error, marker=marker, label=name)
ax.set_xscale("log")
ax.set_xticks(flatness, flatness)
ax.minorticks_off()
ax.set_xlabel("spread of the positions along x, in units of that along z")
ax.set_ylabel("equivariance error of the force\nin scaled columns")
ax.legend(frameon=False)

# %%
# Even for a round cloud (1) the errors of ``StandardScaler`` are not 0: three estimates of one size
# differ, and so do their means from 0. The flatter the cloud, the less is left of the law.
#
# Pipelines
# ---------
# What does that cost a model? The same exactly equivariant network stands behind either scaler:
# the scaler of X is the first step of a pipeline, that of y is the ``transformer`` of a
# ``TransformedTargetRegressor``, which scales targets before the fit and predictions back after it.
# The network is told not to scale columns itself, which it does by default in the right way.


def model(scale_x, scale_y):
    """An exactly equivariant network between two scalers."""
    network = EquivariantRegressor(
        group,
        rep_in,
        rep_out,
        scale_columns=False,
        hidden_channels=32,
        n_hidden_layers=2,
        max_epochs=60,
        random_state=0,
    )
    return TransformedTargetRegressor(make_pipeline(scale_x, network), transformer=scale_y)


models = {
    "StandardScaler": model(StandardScaler(), StandardScaler()),
    "RepresentationScaler": model(
        RepresentationScaler(rep_in, [group]), RepresentationScaler(rep_out, [group])
    ),
}
X_test = beads(300, 10, random_state=1)
turn = group.sample(1, random_state=3)[0]
tests = {"new rows": X_test, "new rows, turned": rep_in.act(turn, X_test)}

# %%
# We test on new rows of the same disc, and on the same rows turned in space. The figure has the
# root mean square error of the force in units of the root mean square force.

size = np.sqrt(np.mean(force(X_test) ** 2))
relative = {}
for name, regressor in models.items():
    regressor.fit(X, y)
    residuals = [regressor.predict(rows) - force(rows) for rows in tests.values()]
    relative[name] = [np.sqrt(np.mean(residual**2)) / size for residual in residuals]
    level = equivariance_error(regressor, X_test, group, rep_in, rep_out, random_state=0)
    print(f"{name:<20} equivariance error of the whole model {level:.4f}")

_, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
for name, color, shift in zip(models, ("C2", "C3"), (-0.2, 0.2), strict=True):
    bars = ax.barh(np.arange(2) + shift, relative[name], 0.36, color=color, label=name)
    ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set_yticks(range(2), list(tests))
ax.invert_yaxis()
ax.margins(x=0.12)
ax.set_xlabel("relative error of the predicted force")
ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))

# %%
# Behind ``StandardScaler`` the network is equivariant in columns in which the law is not, and errs
# already on rows like those it has seen. Behind ``RepresentationScaler`` it is as good on turned
# rows as on others.
#
# To remember: do not scale the components of a vector one by one, neither in X nor in y. The
# estimators of this package scale by representation already; in a pipeline of your own, take
# ``RepresentationScaler``.
