"""
A skorch net of your own with the penalty
=========================================

The regressors of this package minimise squared errors. For another loss, optimizer or schedule
there is ``PenalizedNet``, the skorch net that they are built on: it adds the penalties of candidate
groups to the loss that it is given, and takes the callbacks of skorch.

Here one target in twenty is wrong by far. Squared errors follow these; the loss of Huber, which
grows only linearly where a residual is large, hardly does.
"""

# %%
# Data
# ----
# Inertia tensors of five point masses without their third column: turns in the xy plane are a
# symmetry, those in the other planes are not. A net of skorch scales no columns and wants float32.

import matplotlib.pyplot as plt
import numpy as np
import torch
from skorch.callbacks import EpochScoring, LRScheduler
from skorch.dataset import ValidSplit

from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.inspection import StrengthPathDisplay
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import BestWeights, PenalizedNet, StrengthPath, StrengthTuner

inertia = make_inertia(1000, noise=-1.0, axis=2, random_state=0)
test = make_inertia(500, noise=-1.0, axis=2, random_state=1)
groups, size = inertia.groups, inertia.target.std()
X, X_test = inertia.data.astype(np.float32), test.data.astype(np.float32)
y, y_test = ((each.target / size).astype(np.float32) for each in (inertia, test))

rng = np.random.default_rng(0)
wrong = rng.random(len(y)) < 0.05
y[wrong] = 20 * rng.normal(size=(wrong.sum(), 9))

# %%
# A net
# -----
# Parameters of the network begin with ``module__``, as in every net of skorch. Callbacks are called
# in their order: the tuner sets strengths after a quarter of the epochs, ``BestWeights`` looks at
# the epochs after that one, and ``StrengthPath`` records what is then in force.

N_EPOCHS = 40


def make_net(criterion):
    """A net that is pulled towards all candidates, with a loss of one's own."""
    tuner = StrengthTuner("ratio", power=4)
    return PenalizedNet(
        SoftEquivariantNetwork,
        criterion,
        groups=groups,
        strengths=dict.fromkeys(groups, 1.0),
        module__rep_in=inertia.rep_in,
        module__rep_out=inertia.rep_out,
        module__groups=list(groups.values()),
        module__hidden_channels=64,
        optimizer=torch.optim.AdamW,
        lr=0.01,
        max_epochs=N_EPOCHS,
        batch_size=100,
        iterator_train__shuffle=True,
        train_split=ValidSplit(0.1, random_state=0),
        callbacks=[
            ("decay", LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=N_EPOCHS)),
            (
                "median",
                EpochScoring("neg_median_absolute_error", lower_is_better=False, name="median"),
            ),
            ("tuner", tuner),
            ("best", BestWeights(first_epoch=tuner.epoch(N_EPOCHS) + 1)),
            ("path", StrengthPath()),
        ],
        verbose=0,
    )


nets = {}
for criterion in (torch.nn.MSELoss, torch.nn.HuberLoss):
    torch.manual_seed(0)  # governs the order of the rows
    net = nets[criterion.__name__] = make_net(criterion).fit(X, y)
    error = np.abs(net.predict(X_test) - y_test).mean()
    print(f"{criterion.__name__:<9} mean absolute error on test rows {error:.3f}")

# %%
# What the callbacks recorded
# ---------------------------
# All of it is in the history of a net. After ten epochs the penalties of the planes that the data
# break are the larger ones, and their strengths go down; that of the xy plane stays.

net = nets["HuberLoss"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for name, each in nets.items():
    axes[0].plot(each.history[:, "epoch"], -np.array(each.history[:, "median"]), label=name)
axes[0].set(xlabel="epoch", title="median absolute error, held-out rows", ylim=(0, None))
axes[0].legend(frameon=False)
path = [[strengths[name] for name in groups] for strengths in net.history[:, "strengths"]]
display = StrengthPathDisplay(path, list(groups)).plot(ax=axes[1])
axes[1].set_title("strengths, HuberLoss")

# %%
# Errors
# ------
# Relative equivariance errors of the function that was learnt, beside those of the one that made
# the data, on the same rows and under the same elements of the groups.


def predict(rows):
    """The net as a function of rows in double precision."""
    return net.predict(rows.astype(np.float32))


print(f"{'group':<9} strength   error   true error")
for name, group in groups.items():
    error, true_error = (
        equivariance_error(
            f, X_test[:100], group, test.rep_in, test.rep_out, n_elements=400, random_state=0
        )
        for f in (predict, test.function)
    )
    print(f"{name:<9} {net.penalty_.strengths[name]:8.3f} {error:7.3f} {true_error:12.3f}")

# %%
# To remember: the loss is yours, and penalties are added to it in training only, so that validation
# losses can be compared. The tuner's "ratio" looks at penalties alone and goes with any loss.
