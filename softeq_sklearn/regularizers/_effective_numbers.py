"""How many of the weights outside each group's subspace the data determine."""

from __future__ import annotations

import numpy as np

# Eigenvalues of the pull below this share of the largest one are directions that nothing pulls.
_UNPULLED = 1e-12


def effective_numbers(
    complements: np.ndarray, strengths: np.ndarray, gradients: np.ndarray
) -> np.ndarray:
    r"""Effective number of constrained weights of each group, over the blocks of one tensor type.

    With the prior precision :math:`\Lambda = \sum_K \lambda_K (I - P_K)` and the curvature H of
    the loss,

    .. math:: \gamma_G = \lambda_G
        \operatorname{tr}[(\Lambda^+ - (H + \Lambda)^{-1}) (I - P_G)],

    which for one group is the number of its dimensions times h / (h + lambda) (MacKay 1992). At
    the stationary points of the evidence :math:`\gamma_G` is the penalty of the group times twice
    its precision, also for groups that overlap. H is taken diagonal in the eigenvectors of
    :math:`\Lambda`, each block by itself.

    Parameters
    ----------
    complements : ndarray of shape (n_groups, n, n)
        I - P_G of each group.
    strengths : ndarray of shape (n_groups,)
        Precisions, in the unit of the curvature.
    gradients : ndarray of shape (n_draws, n_blocks, n)
        Random vectors g with E[g g^T] = H.

    Returns
    -------
    ndarray of shape (n_groups,)

    Examples
    --------
    >>> import numpy as np
    >>> effective_numbers(np.eye(2)[None], np.ones(1), 3**0.5 * np.ones((1, 1, 2)))
    array([1.5])
    """
    pull, directions = np.linalg.eigh(np.tensordot(strengths, complements, 1))
    pulled = pull > _UNPULLED * max(pull[-1], 0.0)
    pull, directions = pull[pulled], directions[:, pulled]
    shares = np.einsum("ia,gij,ja->ga", directions, complements, directions, optimize=True)
    curvature = np.mean((gradients @ directions) ** 2, axis=0)
    determined = np.sum(curvature / (pull * (curvature + pull)), axis=0)
    return strengths * (shares @ determined)
