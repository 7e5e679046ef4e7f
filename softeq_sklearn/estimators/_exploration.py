"""Which candidate symmetries the data break: a symmetric fit, what it misses, and a softer fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from softeq_sklearn._candidates import named_groups
from softeq_sklearn.estimators._bootstrap import unseen_rows
from softeq_sklearn.estimators._residual_tests import FEWEST_ROWS, residual_scores
from softeq_sklearn.groups import is_subgroup
from softeq_sklearn.levels import (
    BROKEN_SCORE,
    Orbits,
    asymmetric_products,
    breaking_score,
    estimate_level,
    level_interval,
    orbit_score,
    tensor_sizes,
    unseen_mean,
    values_on_orbits,
)

# Members that explore: nine in ten of the training rows are then unseen by at least one.
_MEMBERS = 5
# Gradient steps with full strengths and with weak ones, and the largest share of a fit's epochs.
_HELD_STEPS, _RELEASED_STEPS = 450, 225
_HELD_SHARE, _RELEASED_SHARE = 0.5, 0.25
# Weak strengths, as a multiple of the variance that the symmetric fit leaves unexplained: a penalty
# competes with what is left of the loss. And the multiple for symmetries that are broken.
_RELEASE, _BROKEN = 0.1, 0.15
_STRONGEST, _WEAKEST = 0.01, 1e-6
# Learning rate of the softer fit, as a share.
_RELEASED_RATE = 0.5
# Rows, and elements for each, on which breaking is measured.
_ROWS, _ELEMENTS = 2000, 8
# Rows on which the level of the softer networks is measured.
_LEVEL_ROWS = 500


@dataclass
class Exploration:
    """What has been found out about candidates.

    Parameters
    ----------
    scores : dict of str to float
        Largest score of each group; broken from 3 on.
    chance : dict of str to float
        Level that a softer fit takes on under each group, by chance if the symmetry holds.
    weakness : float
        Factor of the strength of a group that is broken.
    untested : set of str, empty by default
        Groups that no test can look at, since they move rows to where there are none.
    misspecified : set of str, empty by default
        Those of them that keep no lengths, and that contain a broken group or that the softer fit
        clearly breaks.
    released : set of str, empty by default
        Groups whose strength was weakened, so that the fit can break them.
    has_few_rows : bool, default=False
        Whether rows were too few for the tests of residuals, so that what no test found broken may
        still be.
    """

    scores: dict
    chance: dict
    weakness: float
    untested: set = field(default_factory=set)
    misspecified: set = field(default_factory=set)
    released: set = field(default_factory=set)
    has_few_rows: bool = False

    def has_tested(self, name):
        """Whether all tests have looked at a group."""
        return name in self.scores and name not in self.untested and not self.has_few_rows

    def add_score(self, name, score):
        """Take a further score of a group into account."""
        self.scores[name] = max(self.scores[name], score)

    def break_wholes(self, groups):
        """Give each of the groups the scores of broken ones that it contains: it is broken, too.

        Where :func:`~softeq_sklearn.groups.is_subgroup` does not decide, nothing is given.
        """
        for part in sorted(self.broken):
            for name in groups:
                if name != part and is_subgroup(groups[part], groups[name]):
                    self.add_score(name, self.scores[part])

    def release(self, names):
        """Weaken the strengths of groups."""
        self.released |= set(names)

    def strengths(self, full):
        """Strengths for the fit, from the full ones of all groups with a penalty."""
        weak = {n: self.weakness if n in self.released else 1.0 for n in full}
        return {name: weak[name] * strength for name, strength in full.items()}

    @property
    def broken(self):
        """Names of the groups that are broken, a set."""
        return {name for name, score in self.scores.items() if score >= BROKEN_SCORE}


class _Remembers:
    """Makes an estimator remember which rows each member has not seen, and report nothing."""

    def _unseen_residuals(self, X, Y, train, seed):
        self.unseen_ = unseen_rows(len(X), train, self.n_members, seed)

    def _report(self, X, rng, residuals=None):
        pass


def _explorer_of(estimator, **changes):
    """A copy of an estimator, not fitted and with changed parameters, that remembers."""
    kind = type("Explorer", (_Remembers, type(estimator)), {})
    return kind(**estimator.get_params(deep=False) | changes)


def explore(estimator, strengths, X, Y, weights, n_steps, seed):
    r"""Find out which candidates the data break.

    1. Members are trained with full strengths. What they miss of rows that they have not seen is
       noise, what a short training has not learnt yet, and what breaks symmetries.
    2. They are trained on with weak strengths: small breaking that takes few weights is learnt
       fast from here. A group is broken if the asymmetric part of these networks predicts residuals
       of their symmetric part (:func:`~softeq_sklearn.levels.breaking_score`, or for classes
       :func:`~softeq_sklearn.levels.orbit_score`).
    3. Networks that begin symmetric do not learn everything. So simple regressors are fitted to the
       residuals of each symmetric part, and their asymmetric part is tested in the same way. Trees
       are asked only where there is no last test after training.
    4. A group that contains a broken one is broken, whether tests could look at it or not.
    5. No test can look at groups that move rows to where there are none. Those that keep no lengths
       shape the network for all others: where they are broken by a part, or the level of the softer
       networks has an interval that does not contain 0, they are misspecified.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        What is to be fitted.
    strengths : dict of str to float
        Strengths of the groups with a penalty.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.
    weights : ndarray of shape (n_samples,) or None
        Weights of the rows in training.
    n_steps : int
        Gradient steps of the fit.
    seed : int
        Seed.

    Returns
    -------
    Exploration

    Raises
    ------
    Divergence
        If the training diverges, as the fit itself then would.
    """
    held = _epochs(estimator, n_steps, _HELD_STEPS, _HELD_SHARE)
    softer = _epochs(estimator, n_steps, _RELEASED_STEPS, _RELEASED_SHARE)
    names = list(named_groups(estimator.groups))
    explorer = _explorer_of(
        estimator,
        strengths={n: strengths.get(n, 0.0) for n in names},
        tuning="fixed",
        n_members=_MEMBERS,
        max_epochs=held,
        callbacks=None,
        compile=False,
        checkpoint=None,
        on_interrupt="raise",
        early_stopping=False,
        random_state=seed,
        verbose=0,
    )._fit_rows(X, Y, weights)
    rng = np.random.RandomState(seed)
    rows = np.flatnonzero(explorer.unseen_.any(axis=0))
    if not len(rows):  # each member has seen every row
        return Exploration(dict.fromkeys(strengths, 0.0), {}, 1.0, set(strengths))
    rows = rows[rng.permutation(len(rows))[:_ROWS]]
    residuals = _residuals(explorer, X, Y, rows)
    weak = np.clip(_RELEASE * np.mean(residuals**2), _WEAKEST, _STRONGEST)
    explorer.set_params(
        strengths={n: weak * strengths.get(n, 0.0) for n in names},
        max_epochs=softer,
        learning_rate=_RELEASED_RATE * estimator.learning_rate,
    )._fit_rows(X, Y, weights, again=True)
    residuals = _residuals(explorer, X, Y, rows)
    is_last = not estimator._tests_at_the_end(len(X))
    scores, levels, untested = _scores(explorer, list(strengths), X, Y, rows, seed, is_last)
    chance = {name: level.error for name, level in levels.items()}
    weakness = np.clip(_BROKEN * np.mean(residuals**2), _WEAKEST, _STRONGEST)
    exploration = Exploration(scores, chance, float(weakness), untested)
    exploration.has_few_rows = len(rows) < FEWEST_ROWS
    exploration.break_wholes({name: explorer._groups[name] for name in strengths})
    exploration.misspecified = {
        name
        for name in untested
        if not explorer._groups[name].is_conformal
        and (name in exploration.broken or level_interval(levels[name], 0.0)[0] > 0)
    }
    exploration.release(exploration.broken)
    return exploration


def _epochs(estimator, n_steps, wanted, share):
    """Epochs of so many gradient steps, at most a share of those of the fit."""
    wanted = min(wanted / n_steps, share) * estimator.max_epochs
    return max(1, round(wanted))


def _residuals(explorer, X, Y, rows):
    """What members miss of rows that they have not seen, in units of the targets' variation."""
    values = explorer._member_function()(X[rows])
    missed = Y[rows] - unseen_mean(values, explorer.unseen_[:, rows])
    return missed / tensor_sizes(Y, explorer._rep_out, explorer._dim)


def _scores(explorer, names, X, Y, rows, seed, is_last):
    """Scores by the softer networks or what they miss, the networks' levels, what is untested."""
    members, unseen = explorer._member_function(), explorer.unseen_[:, rows]
    unit = tensor_sizes(Y, explorer._rep_out, explorer._dim)
    X, Y = X[rows], Y[rows]
    mean = unseen_mean(members(X), unseen)
    reps, skewed = (explorer._rep_in, explorer._rep_out), explorer._skewed_residuals
    rng = np.random.RandomState(seed)
    scores, levels, untested = {}, {}, set()
    for name in names:
        group = explorer._groups[name]
        orbits = Orbits(X, group, reps[0], rng)
        if not orbits.keeps_the_law:
            scores[name] = 0.0
            untested.add(name)
        else:
            draws = [_unseen_on_orbits(members, unseen, X, orbits, reps) / unit for _ in "ab"]
            scores[name] = _network_score(orbits, reps[1], Y / unit, mean / unit, draws, skewed)
            if scores[name] < BROKEN_SCORE:
                residuals, own = Y / unit - np.mean(draws, axis=(0, 1)), rng.randint(2**31)
                options = {"trees": is_last, "skewed": skewed}
                missed = residual_scores({name: group}, *reps, X, residuals, own, **options)
                scores[name] = max(scores[name], missed[name])
        levels[name] = estimate_level(
            members, X[:_LEVEL_ROWS], group, *reps, n_elements=_ELEMENTS, random_state=rng
        )
    return scores, levels, untested


def _unseen_on_orbits(members, unseen, X, orbits, reps):
    """What members make of moved rows that they have not seen: (n_elements, n_rows, n_outputs)."""
    moved = values_on_orbits(members, X, orbits.elements(_ELEMENTS), *reps)
    return np.stack([unseen_mean(values, unseen) for values in moved])


def _network_score(orbits, rep_out, targets, values, draws, skewed):
    """Score of what networks have beside their symmetric part, of which there are two estimates."""
    parts = [draw.mean(axis=0) for draw in draws]
    if skewed:
        return orbit_score(targets - parts[0], values, draws[1])
    products = asymmetric_products(
        *(orbits.at_anchor(some, rep_out) for some in (targets, values, *parts))
    )
    return breaking_score(products)
