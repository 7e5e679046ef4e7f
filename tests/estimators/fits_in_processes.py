"""Fits that the processes of one launch share; each writes what it has got.

``torchrun --nproc_per_node 2 fits_in_processes.py PART FOLDER``, or plain Python for fits by one
process.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from skorch.callbacks import Callback

from softeq_sklearn import SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.estimators import _checkpoint, _soft
from softeq_sklearn.groups import SL, SO, Reflection
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import PenalizedNet

SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, batch_size=16)
GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}
RANK = int(os.environ.get("RANK", 0))


def data():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((75, 4))  # the last batch has 4 rows, and 1 of it none in a process
    return X, X[:, :2] * [1, 3] + 0.1 * X[:, 2:]


def with_dropout(n_in, n_out):
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, n_out)
    )


def regressor(device, **changes):
    changes = {"random_state": 0, "device": device} | SMALL | changes
    return SoftEquivariantRegressor(GROUPS, "2*Vector", "Vector", **changes)


def explored(device, **changes):
    """A fit with trials, an exploration, and training again."""
    _soft._EXPLORED_STEPS = 1
    changes = {"n_members": 2, "tuning": "explore", "max_epochs": 8} | changes
    model = regressor(device, **changes)
    return model.set_params(groups=GROUPS | {"volumes": SL(2)})


def found(model, X):
    losses = [[epoch[n] for n in epoch if n.endswith("_loss")] for epoch in model.history_]
    return {
        "weights": np.concatenate([p.detach().numpy().ravel() for p in model.module_.parameters()]),
        "losses": np.array(losses),
        "predictions": model.predict(X),
        "errors": model.levels_.error if hasattr(model, "levels_") else np.zeros(0),
    }


def small_fits(device):
    X, y = data()
    labels = np.where(X[:, 0] > 0, "right", "left")
    weights = np.linspace(0.5, 2, len(X))
    kinds = {
        "plain": regressor(device),
        "members": regressor(device, n_members=2, tuning="evidence"),
        "rows short of processes": regressor(device, batch_size=1, max_epochs=1, tuning="fixed"),
        "own module": regressor(device, module=with_dropout, regularizer="sampled", tuning="fixed"),
        "any seed": regressor(device, random_state=None),
        "explored": explored(device),
    }
    fits = {name: found(model.fit(X, y), X) for name, model in kinds.items()}
    classifier = SoftEquivariantClassifier(
        GROUPS, "2*Vector", device=device, random_state=0, **SMALL
    )
    classifier.fit(X, labels, sample_weight=weights)
    fits["classes"] = found(classifier, X) | {"predictions": classifier.predict_proba(X)}
    again = regressor(device, warm_start=True).fit(X, y)
    fits["warm start"] = found(again.set_params(max_epochs=2).fit(X, y), X)
    fits["other rows"] = {"message": np.array(message_about_other_rows(device, X, y))}
    fits["own net"] = net_with_other_weights(X, y)
    steps = regressor(device, random_state=None)
    for _ in range(3):
        steps.partial_fit(X, y)
    fits["steps"] = found(steps, X)
    return fits


def net_with_other_weights(X, y):
    """A net of the user's own, which each process begins with weights of its own."""
    net = PenalizedNet(
        SoftEquivariantNetwork,
        torch.nn.MSELoss,
        groups=GROUPS,
        processes=Accelerator(),
        module__rep_in="2*Vector",
        module__rep_out="Vector",
        module__groups=list(GROUPS.values()),
        module__hidden_channels=8,
        module__seed=RANK,
        train_split=None,
        max_epochs=2,
        callbacks__print_log=None,
        verbose=0,
    )
    X, y = (torch.tensor(array, dtype=torch.float32) for array in (X, y))
    return {"predictions": net.fit(X, y).predict(X)}


class DiesOnce(Callback):
    """Ends the second process, as kill -9 does, in the fit itself, if it has not done so before."""

    def __init__(self, died):
        self.died = died

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs_ = getattr(self, "n_epochs_", 0) + 1
        if RANK == 1 and self.n_epochs_ == 3 and not Path(self.died).exists():
            Path(self.died).touch()
            os._exit(9)


def killed_fit(device, folder):
    _checkpoint._PAUSE = 0.0
    X, y = data()
    dies = DiesOnce(str(folder / "died"))
    model = explored(device, checkpoint=folder / "checkpoints", callbacks=[dies]).fit(X, y)
    n_own = dies.n_epochs_ if RANK == 1 else 3
    return {"explored": found(model, X), "epochs": {"done": np.array([n_own, len(model.history_)])}}


def message_about_other_rows(device, X, y):
    try:
        regressor(device).fit(X + RANK, y)
    except ValueError as error:
        return str(error)
    return ""


def main():
    part, folder = sys.argv[1], Path(sys.argv[2])
    device = "accelerate" if "RANK" in os.environ else "cpu"
    fits = {
        "small": lambda: small_fits(device),
        "killed": lambda: killed_fit(device, folder),
    }[part]()
    arrays = {f"{fit}/{name}": v for fit, values in fits.items() for name, v in values.items()}
    np.savez(folder / f"{device} {part} {RANK}.npz", **arrays)
    Accelerator().end_training()  # so that no process is gone while another one listens to it


if __name__ == "__main__":
    main()
