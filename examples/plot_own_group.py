"""
A group that is not in the list
===============================

The groups that are asked for most have names. Any other one is made from matrices that generate it.
Here it is that of a crystal such as gallium arsenide, which has the symmetry of a tetrahedron: a
field E polarises it along E and, where it is strong, also along (Ey Ez, Ez Ex, Ex Ey). The symmetry
of a cube would forbid the second part. Do fields and polarisations tell the two groups apart?
"""

# %%
# Two matrices
# ------------
# A half turn about z and a third of a turn about the diagonal, which takes x to y, y to z and z to
# x, generate the twelve rotations of a tetrahedron. Compare the number of elements with what you
# expect: a slip in one entry makes another group, perhaps an infinite one, whose order is None.

import numpy as np

from softeq_sklearn.groups import SO, C, MatrixGroup, O, S, generated_by, is_subgroup

tetrahedron = MatrixGroup(
    discrete_generators=[
        [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
        [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    ],
    name="tetrahedron",
)
print("elements:", tetrahedron.order)

# %%
# Groups with names help: ``embed`` lets one act on some of the axes. The swap of x and y is a
# mirror symmetry of the tetrahedron. A quarter turn about z is no symmetry of it, but one of the
# cube around it.

swap = S(2).embed(3, axes=(0, 1))
quarter_turns = C(4).embed(3, axes=(0, 1))

# %%
# What is part of what? The rotations and the swap generate the group of the crystal. A quarter turn
# more makes it that of the cube, with twice as many elements.

crystal = generated_by(tetrahedron, swap)
cube = generated_by(crystal, quarter_turns)
print("crystal:", crystal.order, " cube:", cube.order)
print("quarter turns in crystal:", is_subgroup(quarter_turns, crystal))
print("crystal in cube:", is_subgroup(crystal, cube), " cube in O(3):", is_subgroup(cube, O(3)))

# %%
# Data
# ----
# Rows are fields, targets are polarisations: a part along the field, which saturates, and the part
# that the tetrahedron allows and the cube does not.


def polarisation(E):
    """Equivariant under the crystal's group, not under that of the cube."""
    x, y, z = E.T
    along = E / (1 + (E**2).sum(axis=1, keepdims=True) / 4)
    return along + np.column_stack([y * z, z * x, x * y]) / 2


rng = np.random.default_rng(0)
X, X_new = rng.normal(size=(1000, 3)), rng.normal(size=(200, 3))

# %%
# A fit
# -----
# The candidates are the three parts, so that the data can say which of them hold. A group of your
# own is used in the same way as those with names. Three members say how sure the levels are.

from softeq_sklearn import SoftEquivariantRegressor

groups = {"tetrahedron": tetrahedron, "swap": swap, "quarter turns": quarter_turns}
model = SoftEquivariantRegressor(
    groups,
    rep_in="Vector",
    rep_out="Vector",
    hidden_channels=32,
    max_epochs=60,
    n_members=3,
    random_state=0,
)
model.fit(X, polarisation(X))
print(model.levels_)

# %%
# Rotations of the tetrahedron and the swap hold, quarter turns do not. ``discover`` takes the group
# that those which hold generate together, that of the crystal, and measures the fit under it.

from softeq_sklearn.inspection import LevelsDisplay, OrbitDisplay, discover

discovered = discover(model, X_new)
print(discovered)
print("elements:", discovered.group.order)
display = LevelsDisplay.from_estimator(model)

# %%
# An orbit
# --------
# One field, turned about z through a full circle. These turns were no candidate, but every group on
# the same space can be looked at. After a half turn, which is a symmetry of the tetrahedron, the
# prediction for the turned field, f(gx), and the turned prediction, g f(x), are equal in all three
# components. In between they are not.

display = OrbitDisplay.from_estimator(
    model,
    X_new[0],
    SO(2).embed(3, axes=(0, 1)),
    output_names=["polarisation " + axis for axis in "xyz"],
)

# %%
# To remember: give generators, check the order of the group that they make, and name its parts as
# candidates beside what would make it larger. ``discover`` puts together what holds.
