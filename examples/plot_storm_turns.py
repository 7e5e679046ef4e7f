"""
Will a storm turn?
==================

A classifier whose classes no rotation changes: does a tropical cyclone turn left, turn right, or go
straight on in the next 24 h? If the atmosphere were the same in all directions, a turned past
would have the same answer; if only the shape of a track counted, a faster storm would, too. We
measure to what degree these symmetries hold, and what a classifier gains from knowing them.

Run it with ``python examples/plot_storm_turns.py [--output picture.png]``; it needs the extra
``plot`` and about a minute on two cores.
"""

import argparse

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softeq_sklearn import SoftEquivariantClassifier
from softeq_sklearn.datasets import load_storms
from softeq_sklearn.inspection import OrbitDisplay

parser = argparse.ArgumentParser()
parser.add_argument("--output", help="path of the picture, which else is not written")
output = parser.parse_args().output

# %%
# The classes
# -----------
# A row is the last four steps of 6 h, in km to the east and north, and the latitude. The class says
# where the storm is in 24 h, seen in the direction of its last step: more than 15 degrees to the
# left, to the right, or straight on. Seasons from 2010 on are for testing: windows of one storm
# overlap, so that a random split would leak.

storms = load_storms()
X, step, move = storms.data, storms.data[:, 6:8], storms.target
cross, along = step[:, 0] * move[:, 1] - step[:, 1] * move[:, 0], (step * move).sum(axis=1)
angle = np.degrees(np.arctan2(cross, along))
y = np.select([angle > 15, angle < -15], ["left", "right"], "straight")
train, test = storms.year < 2010, storms.year >= 2010
groups = {name: storms.groups[name] for name in ("SO(2)", "Scaling(2)")}
for name in ("left", "straight", "right"):
    print(f"{name:<9} {np.mean(y[train] == name):.2f} of the training windows")

# %%
# Classifiers
# -----------
# Three networks: pulled softly towards both groups, exact under rotations, and free; each from
# three random states. Epochs were chosen for each on the seasons 2000 to 2009, from 5, 10 and 20.


def network(candidates, epochs, **options):
    """Networks from three random states."""
    return [
        SoftEquivariantClassifier(
            candidates, storms.rep_in, max_epochs=epochs, device="cpu", random_state=seed, **options
        )
        for seed in range(3)
    ]


models = {
    "frequencies": [DummyClassifier(strategy="prior")],
    "logistic regression": [make_pipeline(StandardScaler(), LogisticRegression())],
    "network, exactly SO(2)": network(groups, 10, exact_group="SO(2)"),
    "network, unconstrained": network((), 5),
    "network, soft": network(groups, 20),
}
losses = {}
print(f"\n{'':<24} log loss  accuracy")
for name, each in models.items():
    predicted = [model.fit(X[train], y[train]).predict_proba(X[test]) for model in each]
    labels = each[0].classes_
    column = np.searchsorted(labels, y[test])
    losses[name] = np.mean([-np.log(p[np.arange(len(p)), column]) for p in predicted], axis=0)
    right = np.mean([labels[p.argmax(axis=1)] == y[test] for p in predicted])
    print(f"{name:<24} {losses[name].mean():8.3f} {right:9.3f}")

# %%
# Windows of one storm are alike, so whole storms are resampled to see how sure a difference is.

_, storm = np.unique(storms.storm[test], return_inverse=True)
n_storms = storm.max() + 1
draws = np.random.default_rng(0).multinomial(n_storms, np.full(n_storms, 1 / n_storms), size=2000)
print("\ndifference of log losses, 95 % interval over 2000 resamples of the test storms")
for other in ("network, unconstrained", "network, exactly SO(2)"):
    differences = losses["network, soft"] - losses[other]
    resampled = (draws @ np.bincount(storm, weights=differences)) / (draws @ np.bincount(storm))
    low, high = np.quantile(resampled, [0.025, 0.975])
    print(f"soft - {other:<23} {differences.mean():7.3f}   [{low:.3f}, {high:.3f}]")

# %%
# Levels
# ------
# How much the probabilities change when a track is turned, or made larger: hardly under scalings.
# Rotations are broken: storms do not drift in all directions alike.

soft = models["network, soft"][0]
print(f"\n{soft.levels_}")

# %%
# A storm, turned
# ---------------
# The probabilities for one storm while its track is turned through a full circle; with the
# symmetry they would be the dashed lines. It moved west with the trade winds, in which storms go
# straight on. Turned to the south (90 degrees) or to the north (270), it would be likely to turn.

westward = (X[:, 6] < -80) & (np.abs(X[:, 7]) < 20) & (np.abs(X[:, 8] - 20) < 2) & test
display = OrbitDisplay.from_estimator(soft, X[np.flatnonzero(westward)[0]], "SO(2)")
if output:
    display.figure_.savefig(output, dpi=90)
