"""Training steps of a module that run compiled."""

from __future__ import annotations

import torch

from softeq_sklearn._warnings import warn_user


class CompiledForward:
    """Runs a module compiled for rows of the first shape that it is given, uncompiled for others.

    Compiling a second shape, such as that of the last batch of an epoch, would take as long as the
    first for few steps. The module is not wrapped: its class and the names of its parameters stay.

    Parameters
    ----------
    **options : dict
        Options of :func:`torch.compile`.

    Warns
    -----
    UserWarning
        If torch cannot compile the module here; it then runs as it is.
    """

    def __init__(self, **options):
        self.options = options
        self._forget()

    def __call__(self, module: torch.nn.Module, X: torch.Tensor) -> torch.Tensor:
        """Return the outputs of a module.

        Parameters
        ----------
        module : torch.nn.Module
            The module; another one than in the last call is compiled anew.
        X : torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        torch.Tensor
            What the module makes of them.
        """
        if module is not self._module:
            self._forget()
            self._module, self._shape = module, X.shape
            self._function = torch.compile(module, **{"dynamic": False, **self.options})
            return self._first(X)
        if self._function is None or X.shape != self._shape:
            return module(X)
        return self._function(X)

    def _first(self, X):
        try:
            return self._function(X)
        except Exception as error:  # of compilers, their headers and drivers: of any kind
            # A fault of the module itself is raised here.
            outputs = self._module(X)
            self._function = None
            reason = " ".join(str(error).split("\n")[:2])
            warn_user(
                "Training goes on without compiling, which needs a C++ compiler and, on a GPU, "
                f"Triton. compile=False silences this. Got {type(error).__name__}: {reason}"
            )
            return outputs

    def _forget(self):
        self._module = self._shape = self._function = None

    def __getstate__(self):  # compiled code belongs to its process
        return {"options": self.options}

    def __setstate__(self, state):
        self.__init__(**state["options"])
