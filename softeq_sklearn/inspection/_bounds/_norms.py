"""Bounds of the norms of sums of matrices, and of bilinear maps."""

from __future__ import annotations

import numpy as np

_N_WEIGHTINGS = 20


def joint_norm(blocks, radii):
    r"""Bound the norm of :math:`\sum_s W_s h_s` over all h with :math:`|h_s| \le r_s`.

    For weights p that add up to 1, by the Cauchy-Schwarz inequality,

    .. math:: \Big|\sum_s W_s h_s\Big|^2 \le
        \lambda_{\max}\Big(\sum_s \frac{r_s^2}{p_s} W_s W_s^T\Big) \sum_s p_s \frac{|h_s|^2}{r_s^2}.

    With :math:`p_s \propto r_s |W_s|` this is at most the sum of :math:`r_s |W_s|`. Better weights
    come from the dual problem, the maximum over density matrices Y of
    :math:`\sum_s r_s \sqrt{\mathrm{tr}(W_s W_s^T Y)}`, by some steps of Frank and Wolfe's method
    with :math:`p_s` in proportion to its terms. Each step gives a bound, the best is taken.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_out, n_s)
        The matrices.
    radii : ndarray of shape (n_blocks,)
        The bounds of their arguments, not negative.

    Returns
    -------
    bound : float
    shares : ndarray of shape (n_blocks,)
        The weights, which say how much of the bound comes from each block.
    """
    grams = [radius**2 * (block @ block.T) for block, radius in zip(blocks, radii, strict=True)]
    norms = np.sqrt([largest_eigenvalue(gram) for gram in grams])
    shares = np.zeros(len(norms))
    used = np.flatnonzero(norms)
    if not len(used):
        return 0.0, shares
    p, power = norms[used] / norms.sum(), 0.0
    best = np.inf, p
    for step in range(_N_WEIGHTINGS):
        values, vectors = np.linalg.eigh(sum(grams[s] / w for s, w in zip(used, p, strict=True)))
        best = min(best, (float(np.sqrt(values[-1])), p), key=lambda pair: pair[0])
        v, weight = vectors[:, -1], 2 / (step + 2)
        power = (1 - weight) * power + weight * np.array([v @ grams[s] @ v for s in used])
        p = np.sqrt(np.maximum(power, 1e-12 * power.max()))
        p = p / p.sum()
    shares[used] = best[1]
    return best[0], shares


def tensor_norm(mix, left, right):
    r"""Bound a bilinear map given in factored form.

    The map :math:`y_i = \sum_{jk} P_{ijk}\, x_j \cdot z_k` of channels, with
    :math:`P_{ijk} = \sum_r M_{ir} A_{rj} B_{rk}`, is at most :math:`|x|\,|z|` times the spectral
    norm of P unfolded to a matrix, along any of its axes: a contraction of tensors is at most
    the product of their norms. The Gram matrix of an unfolding is
    :math:`M [(A A^T) \circ (B B^T)] M^T`; P is never built.

    Parameters
    ----------
    mix : ndarray of shape (n_out, rank)
        M.
    left, right : ndarray of shape (rank, n_left) and (rank, n_right)
        A and B.

    Returns
    -------
    float
    """
    m, a, b = mix.T @ mix, left @ left.T, right @ right.T
    grams = mix @ (a * b) @ mix.T, left.T @ (m * b) @ left, right.T @ (m * a) @ right
    return float(np.sqrt(min(largest_eigenvalue(gram) for gram in grams)))


def unfolded_norm(tensor):
    """Bound a bilinear map given as an array of shape (n_out, n_left, n_right); see `tensor_norm`.

    Parameters
    ----------
    tensor : ndarray of shape (n_out, n_left, n_right)
        Coefficients P.

    Returns
    -------
    float
    """
    unfolded = [np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1) for axis in range(3)]
    return float(np.sqrt(min(largest_eigenvalue(u @ u.T) for u in unfolded)))


def largest_eigenvalue(gram):
    return max(float(np.linalg.eigvalsh(gram)[-1]), 0.0) if len(gram) else 0.0
