"""Speed and memory against a plain multilayer perceptron of the same widths, in the same run.

``python -m tests.benchmarks.speed`` prints each figure with its bar; ``python -m
tests.benchmarks.speed epochs predict`` only those parts. Functions take turns, so that a machine
whose speed drifts favours none of them, and what is printed are medians. "reference", the paper's
8000 epochs, takes minutes and is left out unless it is named.
"""

from __future__ import annotations

import argparse
from functools import partial

import torch

from tests.benchmarks.speed._memory import large, small
from tests.benchmarks.speed._predicting import predictions
from tests.benchmarks.speed._readme import first_lines
from tests.benchmarks.speed._subspaces import subspaces
from tests.benchmarks.speed._training import (
    compiled_epochs,
    default_fit,
    epochs,
    reference_fit,
)

LEFT_OUT = "reference"


def parts(arguments):
    """Each part by its name."""
    return {
        "epochs": partial(epochs, arguments.repeats, arguments.device),
        "compile": partial(compiled_epochs, arguments.repeats, arguments.device),
        "subspaces": subspaces,
        "predict": partial(predictions, 5),
        "memory": small,
        "large": large,
        "readme": first_lines,
        "default": partial(default_fit, arguments.device),
        LEFT_OUT: partial(reference_fit, arguments.device, arguments.compile),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", help="epochs, subspaces, predict, memory, large, ...")
    parser.add_argument("--repeats", type=int, default=50, help="epochs of each kind")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="of the trainings: cpu or cuda")
    parser.add_argument("--compile", action="store_true", help='in the fit of "reference"')
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    known = parts(arguments)
    names = arguments.part or [name for name in known if name != LEFT_OUT]
    if unknown := set(names) - set(known):
        parser.error(f"part must be among {list(known)}. Got {sorted(unknown)}.")
    for name in names:
        for figure in known[name]():
            print(figure, flush=True)


if __name__ == "__main__":
    main()
