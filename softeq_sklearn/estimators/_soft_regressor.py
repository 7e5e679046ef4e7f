"""The main estimator: soft equivariance under several candidate symmetries."""

from __future__ import annotations

from softeq_sklearn.estimators._regression_targets import RegressionTargetsMixin
from softeq_sklearn.estimators._soft import BaseSoftEquivariantEstimator


class SoftEquivariantRegressor(RegressionTargetsMixin, BaseSoftEquivariantEstimator):
    r"""Regression with a network that is softly equivariant under several candidate groups.

    The loss is the mean squared error of targets scaled to unit variance, plus one penalty per
    group,

    .. math:: \text{MSE} + \sum_G \lambda_G R_G + \tfrac12 w |\theta|^2,

    where :math:`R_G` is half the squared distance of all weights and biases to the equivariant
    subspace of G. The strengths :math:`\lambda_G` are set by tests before training or tuned during
    it (`tuning`), so that symmetries that the data break lose their strength (PER, Kim et al., ICML
    2023, sections 3 and 4).

    Parameters
    ----------
    groups : sequence of Group or mapping of str to Group, default=()
        Candidate symmetries, all acting on a space of the same dimension. A sequence is named by
        the groups' reprs. With none, this is a plain multilayer perceptron.
    rep_in : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of X, in their order, such as
        ``5*Scalar + 5*Vector``; None means that all are scalars. Do not scale the columns of a
        Vector one by one before: that breaks symmetries; columns are scaled inside.
    rep_out : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    module : torch.nn.Module, callable or None, default=None
        Your own network in the place of ours: a module, of which a copy is trained, or what makes
        one from the numbers of columns in and out. It maps rows of scaled columns to rows. Without
        :class:`~softeq_sklearn.nn.SoftLinear` layers it needs `regularizer` "sampled" or "lie".
        The parameters on hidden layers are then not used.
    hidden_channels : int, Rep or str, default=128
        Number of features of each hidden layer, shared over the tensor types, or the
        representation of a hidden layer.
    n_hidden_layers : int, default=3
        Number of hidden layers.
    architecture : {"factored", "emlp"}, default="factored"
        Kind of hidden layers and start of the weights: "factored" is ours, "emlp" that of the
        reference, for comparisons (see :func:`reference_settings`).
    scale_columns : bool, default=True
        Whether columns are scaled inside, each tensor as a whole, so that equivariance is neither
        lost nor won.
    strengths : float or mapping of str to float, default=1.0
        Start of the factor of each group's penalty, at least 0. A group of strength 0 shapes
        nothing; its error is still reported.
    exact_group : str, Group or None, default=None
        A group that is not soft: the linear layers cannot leave its equivariant subspace, as in
        :class:`EquivariantRegressor`, while all other candidates keep their penalties. Give the
        name of a candidate, or a group on the same space, which joins the candidates. The group and
        candidates that it contains have no penalty; their strength is reported as infinite.
    regularizer : {"projection", "sampled", "lie"}, default="projection"
        What R_G is: "projection" the distance of the weights to the equivariant subspaces;
        "sampled" the mean squared error of equivariance under sampled elements
        (:class:`~softeq_sklearn.regularizers.SampledPenalty`); "lie" that of the Lie derivative
        along each generator (:class:`~softeq_sklearn.regularizers.LiePenalty`). The last two look
        at the function alone, so that any module will do; the fitted estimator keeps 256 training
        rows for them.
    penalty : {"squared", "log", "cosine"}, default="squared"
        Distance to the equivariant subspaces: half its square, the logarithm of its square, or
        one minus the cosine (:class:`~softeq_sklearn.regularizers.DistancePenalty`). The logarithm
        is steep near the subspaces: begin with `strengths` of 0.01.
    tuning : str or StrengthTuner, default="auto"
        How strengths are set. "explore" trains members with full strengths, then with weak ones,
        and tests on rows that they have not seen which groups are broken. Only those lose their
        strength; the others are imposed at the end, unless no rows are held out
        (`validation_fraction`). "ratio" is the rule of the paper, "evidence" takes strengths as
        prior precisions, "dual" as multipliers of constraints, and "fixed" leaves them as they are
        (see :class:`~softeq_sklearn.training.StrengthTuner`). A tuner says when, with which power,
        and whether each layer has strengths of its own. "auto" is "explore" for networks of ours
        with the default penalty and at least 400 gradient steps, else "ratio".
    weight_decay : float, default=1e-5
        Factor of half the squared norm of all weights in the loss.
    learning_rate : float, default=0.01
        Learning rate of Adam at the start; it falls to 0 along a cosine.
    max_gradient_norm : float or None, default=0.3
        Norm to which longer gradients are cut, since products of features make rare, huge ones;
        None cuts nothing.
    n_members : int, default=1
        Number of networks, trained side by side on bootstrap samples of the training rows from
        different starts. The prediction is their mean; from two on, levels have intervals and
        verdicts. Ten take about twice as long as one, since a fit of one trains the five networks
        of the exploration as well. Strengths are common to all.
    max_epochs : int, default=200
        Number of passes over the training rows. Training may be repeated once for as many epochs,
        if there are several members and a last test finds a symmetry broken that the exploration
        had not found.
    batch_size : int or "auto", default="auto"
        Rows of a step; "auto" is a tenth of the training rows, at least 32 and at most 500.
    validation_fraction : float, default=0.1
        Share of the rows held out. The weights of the epoch with the lowest loss on them are
        kept, and the levels are measured on them. With 0 nothing is imposed at the end, since no
        rows can confirm it.
    early_stopping : bool, default=False
        Whether to stop when the validation loss has not improved for a fifth of `max_epochs`, at
        least 10 epochs.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit. Candidates are tested again
        if the rows are others, and levels have no intervals.
    device : str, default="auto"
        Torch device; "auto" takes a CUDA device where there is one. "accelerate" shares the rows of
        each batch among the processes that accelerate has started, each with a device of its own.
    compile : bool or {"default", "reduce-overhead", "max-autotune"}, default=False
        Whether training runs compiled, or the mode of :func:`torch.compile` for it. Compiling takes
        about a minute in each fit (minutes with members), and makes epochs a tenth to a fifth
        shorter. It pays from thousands of epochs on, with members hardly ever. If torch cannot
        compile, training goes on without it, with a warning.
    callbacks : list of skorch callbacks or None, default=None
        Further callbacks of the skorch net, which uses these objects themselves, as skorch does.
    checkpoint : str, Path or None, default=None
        Folder, made if it is not there, in which `fit` keeps its state every half minute, in a file
        named after data and parameters. If the process is killed and the same fit is begun anew, it
        goes on from there and ends with the same result. A fit that has finished deletes its file.
    on_interrupt : {"keep", "raise"}, default="keep"
        What Control-C does once an epoch of the training has ended: "keep" leaves the best weights
        so far and warns (:class:`~softeq_sklearn.exceptions.FitInterruptedWarning`); "raise" raises
        KeyboardInterrupt, which also ends a search, and leaves the estimator as it was. Earlier,
        and in `partial_fit`, it always raises.
    random_state : int, RandomState instance or None, default=None
        Governs the split, the bootstrap samples, the initial weights, the order of the rows, the
        exploration and the group elements on which levels are measured.
    verbose : int, default=0
        1 shows a line of progress.

    Attributes
    ----------
    levels_ : Levels
        For each group its strength, penalty (half the squared distance of the weights, whatever
        `penalty` is, or R_G of another `regularizer`) and relative equivariance error on held-out
        rows (training rows where none were held out). With members of a whole fit also a 95 %
        interval (`error_low`, `error_high`), how large an error may come from the fit alone
        (`floor`), a `verdict` ("exact", "approximate", "broken" or "cannot tell"), whether the
        symmetry is `supported`, and the `reason` for each "cannot tell".
    strengths_ : ndarray of shape (n_groups,)
        Strengths at the end of training, the geometric mean where each layer has its own; infinite
        for groups that `exact_group` imposes.
    strength_path_ : ndarray of shape (n_epochs, n_groups) or (n_epochs, n_groups, n_layers)
        Strengths at the end of each epoch, as long as `history_`; with layers where the tuning is
        per layer. Groups are in the order of ``levels_.name``.
    history_ : skorch.history.History
        Losses of each epoch, on scaled targets.
    interrupted_ : bool
        Whether Control-C ended the fit, and what it had so far was kept.
    net_ : PenalizedNet
        The skorch net, which works on scaled columns.
    module_ : SoftEquivariantNetwork or a copy of `module`
        Its torch module.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it was a data frame with string names.

    See Also
    --------
    EquivariantRegressor : The same network, exactly equivariant under one group.

    Examples
    --------
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.datasets import make_inertia
    >>> data = make_inertia(200, noise=-1.0, axis=2, random_state=0)
    >>> model = SoftEquivariantRegressor(
    ...     groups=data.groups,
    ...     rep_in=data.rep_in,
    ...     rep_out=data.rep_out,
    ...     hidden_channels=64,
    ...     max_epochs=40,
    ...     random_state=0,
    ... )
    >>> model.fit(data.data, data.target).predict(data.data[:2]).shape
    (2, 9)
    >>> model.levels_.name.tolist()
    ['O(2) xy', 'O(2) yz', 'O(2) xz']
    """

    def predict(self, X, return_std=False):
        """Predict targets, the mean over members.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        return_std : bool, default=False
            Whether to return the standard deviation over members, too: how much the prediction
            depends on the training rows and the start. It does not contain the noise of the
            targets.

        Returns
        -------
        y_mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in float64, one-dimensional if y was.
        y_std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Standard deviations, in the units of y; only if `return_std`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have other columns than in `fit`, or a number is not finite; or if
            `return_std` is set and there is a single member.
        """
        if not return_std:
            return super().predict(X)
        mean, std = self._mean_and_std(X)
        return self._in_the_form_of_y(mean), self._in_the_form_of_y(std)
