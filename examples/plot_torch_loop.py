"""
The penalty in a training loop of your own
==========================================

The penalty is a term of a loss, like any other, and needs no estimator. Here it stands in a plain
loop of torch, where losses, batches and optimizers are your own, and the trained network is
exported as a program that runs without this package.

The task is a body that falls through air. Drag acts against its velocity and gravity along z, so
that turns about z are a symmetry. Few and noisy rows are all that there is: a network that is
pulled towards the symmetry should learn more from them.
"""

# %%
# Data
# ----
# Columns are the area of a body and its velocity, targets its acceleration, in units that make all
# of them of order 1. Where they are not, ``RepresentationScaler`` scales them first.

import io

import matplotlib.pyplot as plt
import numpy as np
import torch

from softeq_sklearn.groups import O
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import ProjectionPenalty

rng = np.random.default_rng(0)


def make_falls(n, noise):
    """Rows of area and velocity, and accelerations, as tensors."""
    area, velocity = rng.uniform(size=(n, 1)), rng.normal(size=(n, 3))
    speed = np.linalg.norm(velocity, axis=1, keepdims=True)
    acceleration = [0, 0, -1] - area * speed * velocity / 2 + noise * rng.normal(size=(n, 3))
    return torch.tensor(np.hstack([area, velocity])).float(), torch.tensor(acceleration).float()


X, y = make_falls(100, noise=0.3)
X_new, y_new = make_falls(500, noise=0.0)

# %%
# A loop
# ------
# ``ProjectionPenalty`` finds the ``SoftLinear`` layers of a module. Called, it returns the sum of
# strengths times penalties, which is added to the loss; ``values`` returns the penalties.

turns = O(2).embed(3, axes=(0, 1))
rep_in, rep_out = "Scalar + Vector", "Vector"


def error(network):
    """Relative equivariance error on rows that the network was not trained on."""

    def predict(rows):
        with torch.no_grad():
            return network(torch.tensor(rows).float()).numpy()

    return equivariance_error(predict, X_new, turns, rep_in, rep_out, random_state=0)


def train(strength, n_epochs=40):
    """Return a network, its error before training, and loss and penalty after each epoch."""
    network = SoftEquivariantNetwork(
        rep_in, rep_out, [turns], hidden_channels=32, n_hidden_layers=2, seed=0
    )
    penalty = ProjectionPenalty(network, {"turns": turns}, strength)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_epochs)
    mse, generator = torch.nn.MSELoss(), torch.Generator().manual_seed(0)
    before, path = error(network), []
    for _ in range(n_epochs):
        for batch in torch.randperm(len(X), generator=generator).split(20):
            optimizer.zero_grad()
            loss = mse(network(X[batch]), y[batch]) + penalty(network)
            loss.backward()
            optimizer.step()
        decay.step()
        with torch.no_grad():
            path.append([mse(network(X_new), y_new).item(), penalty.values(network)["turns"]])
    return network.eval(), before, np.array(path)


# %%
# Two strengths
# -------------
# The network begins inside the subspace of the group, and is symmetric before it has learnt
# anything. Noise drives it out of there. The weak pull hardly resists, the strong one does, and it
# pays: on new rows, whose targets are exact, the loss is smaller.

networks, paths = {}, {}
for strength in (0.01, 10.0):
    networks[strength], before, paths[strength] = train(strength)
    after, loss = error(networks[strength]), paths[strength][-1, 0]
    print(f"strength {strength:g}: error {before:.3f} -> {after:.3f}, loss on new rows {loss:.4f}")

figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for strength, path in paths.items():
    for ax, values in zip(axes, path.T, strict=True):
        ax.semilogy(np.arange(1, len(path) + 1), values, label=f"strength {strength:g}")
axes[0].set(xlabel="epoch", title="loss on new rows")
axes[1].set(xlabel="epoch", title="penalty")
axes[0].set_yticks([0.02, 0.05, 0.1, 0.2], ["0.02", "0.05", "0.1", "0.2"])
axes[0].minorticks_off()
axes[0].legend(frameon=False)

# %%
# Export
# ------
# ``torch.export`` makes a program of the network, here for any number of rows. What is loaded again
# needs torch and nothing else.

network = networks[10.0]
rows = {0: torch.export.Dim("rows")}
program = torch.export.export(network, (X,), dynamic_shapes=(rows,), strict=False)
file = io.BytesIO()
torch.export.save(program, file)
file.seek(0)
loaded = torch.export.load(file).module()
torch.testing.assert_close(loaded(X_new), network(X_new))
print(f"error of the loaded program: {error(loaded):.3f}")

# %%
# To remember: ``loss + penalty(network)`` is all that a loop needs. A small penalty is not yet a
# small error, since layers may amplify what is left: measure the function, on rows that are new.
