"""
Pictures of a result
====================

Which symmetries does a function have, how did the fit find out, and what does a broken one look
like? We take a target whose symmetries are known: the inertia tensor of five point masses, with its
third column made smaller. Rotations about z are an exact symmetry, those about x and y are not.

Run it with ``python examples/plot_levels.py [--output folder]``; it needs the extra ``plot`` and
about 20 s of one core.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.inspection import (
    BasisDisplay,
    LayerResidualsDisplay,
    LevelsDisplay,
    OrbitDisplay,
    StrengthPathDisplay,
    report,
)

parser = argparse.ArgumentParser()
parser.add_argument("--output", type=Path, help="folder of the pictures, which else are not kept")
folder = parser.parse_args().output


def keep(display, name):
    """Write a picture to the folder, if there is one."""
    if folder:
        display.figure_.savefig(folder / f"{name}.png", dpi=90)


# %%
# A fit
# -----
# Four members say how sure the levels are. The true error of each group is known here, because the
# function that made the data is.

data = make_inertia(1000, noise=-0.3, axis=2, random_state=0)
model = SoftEquivariantRegressor(
    data.groups,
    data.rep_in,
    data.rep_out,
    hidden_channels=64,
    max_epochs=100,
    n_members=4,
    random_state=0,
)
model.fit(data.data, data.target)
true_error = {name: data.true_error(group) for name, group in data.groups.items()}
print(model.levels_)
print("true errors:", ", ".join(f"{name} {error:.3f}" for name, error in true_error.items()))

# %%
# Levels
# ------
# Dots are the levels of the fitted function, lines their 95 % intervals, rings the true errors. On
# the grey bars a level is no larger than that of an exact symmetry may be. The axis is a square
# root, so that a level of 0.002 stands apart from 0.

display = LevelsDisplay.from_estimator(model, true_error=true_error)
keep(display, "levels_display")

# %%
# Strengths
# ---------
# Tests before the training say which symmetries the data break: those begin with little strength,
# and lines are level unless a last test releases one more. ``tuning="ratio"``, the rule of the
# paper, begins with the same strength for all and takes some off after a quarter of the training.

display = StrengthPathDisplay.from_estimator(model)
keep(display, "strength_path_display")

# %%
# An orbit
# --------
# One row that the fit has not seen, turned about x through a full turn: two of the nine outputs.
# Where the prediction for the turned row (solid) and the turned prediction (dashed) differ by much
# more than the members do, the symmetry is broken for this row.

x = make_inertia(1, noise=-0.3, axis=2, random_state=1).data
names = [row + column for row in "xyz" for column in "xyz"]
outputs = [names.index("yy"), names.index("yz")]
display = OrbitDisplay.from_estimator(model, x, "O(2) yz", outputs=outputs, output_names=names)
keep(display, "orbit_display")

# %%
# Layers
# ------
# How much of the weights of each layer lies outside the subspace of each group. O(2) about z was
# imposed at the end of the fit, so that nothing of any layer does.

display = LayerResidualsDisplay.from_estimator(model)
keep(display, "layer_residuals_display")

# %%
# What lies inside is a span of maps such as these, from a scalar and a vector to a matrix.

group = data.groups["O(2) xy"]
display = BasisDisplay.from_representations("Scalar + Vector", "T(2)", group)
keep(display, "basis_display")

# %%
# A page
# ------
# All of it on one page, to show to others. With ``cv=5`` it also compares held-out losses with
# those of a plain network and of exactly equivariant ones, which takes some fits for each fold.

with TemporaryDirectory() as temporary:
    page = (folder or Path(temporary)) / "symmetry_report.html"
    report(model, data.data, data.target, page, cv=None)
    print(f"{page.name}: {page.stat().st_size // 1024} KiB")
