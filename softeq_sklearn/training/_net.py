"""A skorch net whose loss has one penalty per candidate group."""

from __future__ import annotations

import torch
from skorch import NeuralNet
from skorch.dataset import unpack_data
from skorch.utils import to_tensor

from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.training._compiled_forward import CompiledForward
from softeq_sklearn.training._control_c import ControlC, watched_control_c
from softeq_sklearn.training._exchange import add_over_processes, take_main_weights
from softeq_sklearn.training._part_of_batch import PartOfBatch
from softeq_sklearn.training._row_losses import as_row_loss
from softeq_sklearn.training._stopping import StopTraining, is_ours


class PenalizedNet(NeuralNet):
    """A skorch net that adds the penalties of its groups to the training loss.

    Validation losses do not contain the penalty, so that they can be compared between strengths.

    A module with members (see :func:`~softeq_sklearn.nn.stack_members`) is trained on the sum of
    their losses, so that each is trained as it would be alone; the losses in the history are the
    mean over members.

    Parameters
    ----------
    module : torch.nn.Module or class
        The network, as for any skorch net.
    criterion : torch.nn.Module class
        The loss, such as torch.nn.MSELoss; for rows with weights a
        :class:`~softeq_sklearn.training.RowLoss`.
    groups : mapping of str to Group or None, default=None
        The candidate groups.
    strengths : float or mapping of str to float, default=1.0
        Start of the factor of each group's penalty.
    penalty : callable, default=ProjectionPenalty
        Makes the penalty from the module, the groups and the strengths. The default needs
        :class:`~softeq_sklearn.nn.SoftLinear` layers.
    processes : accelerate.PartialState, accelerate.Accelerator or None, default=None
        The processes that train this net together, each with `device=processes.device`. Each is
        given all rows in the same order, and looks at its part of each batch, X and outputs with an
        axis of rows and one of columns. They begin with the weights of the main process, and have
        the same after each step. The criterion has to be a mean over rows.
    **kwargs : dict
        Parameters of :class:`skorch.NeuralNet`. With ``compile=True`` training runs compiled, for
        batches of the size of the first one, and `module_` stays what it is; where torch cannot
        compile, a warning says so, and training goes on without.

    Attributes
    ----------
    penalty_ : torch.nn.Module
        The penalty, with its present strengths; there if groups were given.
    interrupted_ : bool
        Whether the user has ended the last training; callbacks that end one do not count.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork
    >>> from softeq_sklearn.training import PenalizedNet
    >>> groups = {"O(2)": O(2)}
    >>> net = PenalizedNet(
    ...     SoftEquivariantNetwork,
    ...     nn.MSELoss,
    ...     groups=groups,
    ...     strengths={"O(2)": 1.0},
    ...     module__rep_in="2*Vector",
    ...     module__rep_out="Vector",
    ...     module__groups=[O(2)],
    ...     module__hidden_channels=32,
    ...     train_split=None,
    ...     max_epochs=2,
    ...     verbose=0,
    ... )
    >>> X = np.random.RandomState(0).randn(100, 4).astype("float32")
    >>> net.fit(X, X[:, :2]).predict(X).shape
    (100, 2)
    """

    _control_c = ControlC()  # of the last training

    def __init__(
        self,
        module,
        criterion,
        *,
        groups=None,
        strengths=1.0,
        penalty=ProjectionPenalty,
        processes=None,
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.groups = groups
        self.strengths = strengths
        self.penalty = penalty
        self.processes = processes

    def initialize_module(self):
        """Make the module, then the penalty, which looks at the layers of the module.

        Returns
        -------
        PenalizedNet
            The net itself.
        """
        super().initialize_module()
        self._compiled = CompiledForward(**self.get_params_for("compile"))
        if self.groups:
            self.penalty_ = self.penalty(self.module_, self.groups, self.strengths)
        return self

    def torch_compile(self, module, name):
        """Leave modules as they are: :meth:`infer` compiles what training needs.

        Parameters
        ----------
        module : torch.nn.Module
            The network or the criterion.
        name : str
            Its name.

        Returns
        -------
        torch.nn.Module
            The same.
        """
        return module

    def infer(self, x, **fit_params):
        """Return the outputs of the module for a batch, in training compiled if that is asked for.

        Parameters
        ----------
        x : torch.Tensor or ndarray of shape (n_samples, n_features)
            Rows; with members perhaps (n_members, n_samples, n_features).
        **fit_params : dict
            What is passed on to the module, which then is not compiled.

        Returns
        -------
        torch.Tensor of shape (n_samples, n_outputs) or (n_members, n_samples, n_outputs)
            Outputs.

        Warns
        -----
        UserWarning
            If torch cannot compile the module here; it then runs as it is.
        """
        if not self.compile or not self.module_.training or fit_params or isinstance(x, dict):
            return super().infer(x, **fit_params)
        return self._compiled(self.module_, to_tensor(x, device=self.device))

    def set_params(self, **kwargs):
        """Change parameters, as of any skorch net.

        Strengths of a net that is initialised change at once. Other groups, or another penalty,
        make its module anew, as parameters of the module do.

        Parameters
        ----------
        **kwargs : dict
            The parameters.

        Returns
        -------
        PenalizedNet
            The net itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or the strengths do not fit the groups.
        """
        super().set_params(**kwargs)
        if self.initialized_ and "groups" in kwargs:
            return self.initialize()
        if self.initialized_ and "strengths" in kwargs and self.groups:
            self.penalty_.set_strengths(self.strengths)
        return self

    def get_loss(self, y_pred, y_true, X=None, training=False, weights=None):
        """Return the criterion, and in training the sum of strengths times penalties.

        Parameters
        ----------
        y_pred : torch.Tensor of shape (n_samples, n_outputs) or (n_members, n_samples, n_outputs)
            Outputs of the module.
        y_true : torch.Tensor of shape (n_samples, n_outputs) or (n_members, n_samples, n_outputs)
            Targets; members may share them.
        X : torch.Tensor of shape (n_samples, n_features) or None, default=None
            Rows, for penalties that look at the function.
        training : bool, default=False
            Whether the loss is one to train on.
        weights : torch.Tensor of shape (n_samples,) or (n_members, n_samples), default=None
            Weights of the rows, of mean 1 over an epoch; None for rows without weights.

        Returns
        -------
        torch.Tensor of shape ()
            The mean over members; in training their sum, with the penalties.

        Raises
        ------
        TypeError
            If rows have weights and the criterion is no RowLoss.
        """
        n_members = _n_members(y_pred)
        y_true = to_tensor(y_true, device=y_pred.device)
        if y_true.ndim < y_pred.ndim:  # the same targets for all members
            y_true = y_true.expand_as(y_pred)
        if weights is None:
            loss = self.criterion_(y_pred, y_true)
        else:
            loss = as_row_loss(self.criterion_)(y_pred, y_true, weights)
        if training:
            loss = loss * n_members
            if self.groups:
                loss = loss + self.penalty_(self.module_, X)
        return loss

    def notify(self, method_name, **cb_kwargs):
        """Call a method of the net and of all callbacks.

        Parameters
        ----------
        method_name : str
            The method, such as "on_epoch_end".
        **cb_kwargs : dict
            Its arguments.

        Raises
        ------
        KeyboardInterrupt
            If the user interrupts the training; a subclass of it if a callback ends it.
        """
        getattr(self, method_name)(self, **cb_kwargs)
        for _, callback in self.callbacks_:
            self._control_c.pressed = False
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except StopTraining:
                raise
            except KeyboardInterrupt as interrupt:
                if is_ours(callback) or self._control_c.pressed:
                    raise
                raise StopTraining from interrupt

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Train for some epochs, and remember whether the user has interrupted that.

        Parameters
        ----------
        X : array-like or skorch.dataset.Dataset of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples, n_outputs) or None, default=None
            Targets.
        epochs : int or None, default=None
            Number of epochs; None takes `max_epochs`, or what is left of them.
        **fit_params : dict
            What is passed on to the module.

        Returns
        -------
        PenalizedNet
            The net itself.

        Raises
        ------
        KeyboardInterrupt
            If the user interrupts the training; a subclass of it if a callback ends it. Both end
            `partial_fit` and `fit` without an error.
        """
        self.interrupted_ = False
        if epochs is None:  # a callback may have restored a training that was killed
            epochs = self.max_epochs - vars(self).pop("_epochs_done", 0)
        try:
            with watched_control_c() as self._control_c:
                return super().fit_loop(X, y, epochs, **fit_params)
        except StopTraining:
            raise
        except KeyboardInterrupt:
            self.interrupted_ = True
            raise

    def train_step_single(self, batch, **fit_params):
        """Train on a batch, perhaps weighted; the loss that is reported is a mean over members.

        Parameters
        ----------
        batch : tuple of torch.Tensor of shape (n_samples, n_columns)
            X and y, or a :class:`WeightedBatch`; with members as a further axis in front.
        **fit_params : dict
            What is passed on to the module.

        Returns
        -------
        dict
            The loss under "loss" and the outputs of the module under "y_pred".

        Raises
        ------
        TypeError
            If rows have weights and the criterion is no RowLoss.
        """
        self._set_training(True)
        y_pred, loss = self._outputs_and_loss(batch, True, fit_params)
        return {"loss": loss / _n_members(y_pred), "y_pred": y_pred}

    def validation_step(self, batch, **fit_params):
        """Look at a batch, perhaps weighted, that is not for training.

        Parameters
        ----------
        batch : tuple of torch.Tensor of shape (n_samples, n_columns)
            X and y, or a :class:`WeightedBatch`.
        **fit_params : dict
            What is passed on to the module.

        Returns
        -------
        dict
            The loss under "loss" and the outputs of the module under "y_pred".

        Raises
        ------
        TypeError
            If rows have weights and the criterion is no RowLoss.
        """
        self._set_training(False)
        with torch.no_grad():
            y_pred, loss = self._outputs_and_loss(batch, False, fit_params)
        return {"loss": loss, "y_pred": y_pred}

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Take the weights of the main process, if there are several.

        Parameters
        ----------
        net : PenalizedNet
            The net itself.
        X : array-like of shape (n_samples, n_features) or None, default=None
            Rows; not used.
        y : array-like of shape (n_samples, n_outputs) or None, default=None
            Targets; not used.
        **kwargs : dict
            Not used.
        """
        if self.processes is not None:
            take_main_weights(self.module_)

    def _outputs_and_loss(self, batch, training, fit_params):
        """Outputs and loss of a batch, in training with gradients, by all processes together."""
        if self.processes is None:
            y_pred, loss = self._own_outputs_and_loss(batch, training, fit_params)
            if training:
                loss.backward()
            return y_pred, loss.detach()
        part = PartOfBatch(batch, self.processes)
        y_pred, loss = self._own_outputs_and_loss(part.batch, training, fit_params)
        loss = part.share * loss
        if training:
            loss.backward()
        whole = part.among_all(y_pred), loss.detach()
        add_over_processes([*whole, *self._gradients(training)])
        return whole

    def _gradients(self, training):
        groups = self.optimizer_.param_groups if training else []
        parameters = [parameter for group in groups for parameter in group["params"]]
        return [parameter.grad for parameter in parameters if parameter.grad is not None]

    def _own_outputs_and_loss(self, batch, training, fit_params):
        X, y = unpack_data(batch)
        y_pred, weights = self.infer(X, **fit_params), getattr(batch, "weights", None)
        loss = self.get_loss(y_pred, y, X=X, training=training, weights=weights)
        return y_pred, loss


def _n_members(y_pred):
    return len(y_pred) if y_pred.ndim == 3 else 1
