"""
Groups and strengths in a grid search
=====================================

A candidate symmetry is a guess, and guesses can be compared by cross-validation like any other
hyperparameter. Groups are immutable values and the estimators are those of scikit-learn, so that
``GridSearchCV`` reaches both through the names of pipeline steps, and what it finds can be pickled.
"""

import io

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline

from softeq_sklearn import RepresentationScaler, SoftEquivariantRegressor
from softeq_sklearn.groups import SO
from softeq_sklearn.representations import Scalar, Vector

# %%
# A pipeline
# ----------
# A charged bead is pulled to the origin, slowed down by drag, and falls. Turns about z keep this
# law; other turns would, but for the fall. There are 150 noisy rows: few enough that it pays to
# know a symmetry. The scaler gets the largest group of the search, all turns, and so respects every
# smaller one. The forces are of size 1 already, so that the network need not scale anything.

rep_in, rep_out = Scalar + 2 * Vector, Vector
rng = np.random.default_rng(0)
charge = rng.uniform(1, 2, size=(150, 1))
position, velocity = 20 * rng.normal(size=(150, 3)), rng.normal(size=(150, 3))
distance = np.linalg.norm(position, axis=1, keepdims=True)
force = -charge * position / (20 + distance) - 0.3 * velocity - [0, 0, 0.5]
X = np.hstack([charge, position, velocity])
y = force + 0.1 * rng.normal(size=force.shape)

about_z, all_turns = SO(2).embed(3, axes=(0, 1)), SO(3)
network = SoftEquivariantRegressor(
    {"about z": about_z, "all turns": all_turns},
    rep_in,
    rep_out,
    scale_columns=False,
    hidden_channels=24,
    n_hidden_layers=2,
    max_epochs=40,
    learning_rate=0.03,
    device="cpu",
    random_state=0,
)
pipeline = Pipeline([("scale", RepresentationScaler(rep_in, [all_turns])), ("network", network)])

# %%
# A grid
# ------
# A parameter of a step has the name of the step before its own. Three guesses, about z, all turns,
# and both at once, are tried with two strengths of their pull, and a network without any. By
# default a fit changes the strengths itself; ``tuning="fixed"`` leaves them to the grid.

pipeline.set_params(network__tuning="fixed")
guesses = {
    "about z": {"about z": about_z},
    "all turns": {"all turns": all_turns},
    "both": {"about z": about_z, "all turns": all_turns},
}
strengths = [0.01, 100.0]
grid = [
    {"network__groups": [()]},
    {"network__groups": list(guesses.values()), "network__strengths": strengths},
]
folds = KFold(3, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, cv=folds, error_score="raise").fit(X, y)
best = search.best_params_
print(f"best: {list(best['network__groups'])} with strength {best.get('network__strengths', 0):g}")
print(search.best_estimator_["network"].levels_)

# %%
# Scores
# ------
# Small dots are the three folds, large ones their means.

results = search.cv_results_
scores = np.stack([results[f"split{fold}_test_score"] for fold in range(3)], axis=1)
pulled = scores[1:].reshape(len(guesses), len(strengths), 3)

_, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")


def draw(x, each, color, name):
    """Draw the scores of one setting a row."""
    ax.plot(x, each, "o", color=color, markersize=3)
    ax.plot(x, each.mean(axis=1), "o", color=color, markersize=9, alpha=0.7, label=name)


draw([0], scores[:1], "0.4", "no symmetry")
places = np.arange(1, len(strengths) + 1)
for i, (name, each) in enumerate(zip(guesses, pulled, strict=True)):
    draw(places + 0.1 * (i - 1), each, f"C{i}", name)
ax.set_xticks([0, *places], ["none", *(f"{strength:g}" for strength in strengths)])
ax.set_xlabel("strength of the pull")
ax.set_ylabel("$R^2$ of held-out rows")
ax.legend(frameon=False, loc="upper left")

# %%
# A strong pull helps with every guess. All turns, as a guess, is wrong: the level of the best model
# is far from 0, since beads fall along z. Yet it is better than the right one alone: most of the
# law turns with everything, and a pull, unlike a constraint, lets the network keep the fall. The
# best is both together. Even a strength of 100 leaves room for the fall: the penalty in the table
# shows how little the weights have to deviate for it.
#
# Strengths without a grid
# ------------------------
# The default tuning begins with strength 1 and changes it in the fit, so that strengths need no
# grid. On the same folds:

pipeline.set_params(network__tuning="auto", network__groups=guesses["both"])
tuned = cross_val_score(pipeline, X, y, cv=folds)
print(f"R2: best of the grid {search.best_score_:.3f}, tuned by the fit {tuned.mean():.3f}")

# %%
# Pickles
# -------
# The search goes through a pickle with its best pipeline and predicts the same. The groups that
# come out are equal to those that went in.

buffer = io.BytesIO()
joblib.dump(search, buffer)
size = buffer.tell() / 1e3
buffer.seek(0)
loaded = joblib.load(buffer)
assert np.array_equal(loaded.predict(X), search.predict(X))
assert loaded.best_params_ == best
print(f"pickle of the search: {size:.0f} kB")

# %%
# To remember: groups and strengths are parameters like any others. The default tuning saves the
# grid over strengths, and levels say much of what one over groups would. The best of several scores
# is a little too good: only rows that had no part in the search say how good the model is.
