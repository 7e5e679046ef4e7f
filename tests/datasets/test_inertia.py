import pickle

import numpy as np
import pandas as pd
import pytest

from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.groups import SO, O
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Scalar, T, Vector

E_AXIS = {0: [1, 0, 0], 1: [0, 1, 0], 2: [0, 0, 1], -1: [-1, 1, 0]}


def inertia_of_one_row(row, n_masses, noise, axis):
    """The definition, mass by mass and entry by entry."""
    tensor = np.zeros((3, 3))
    for i in range(n_masses):
        mass, (x, y, z) = row[i], row[n_masses + 3 * i : n_masses + 3 * i + 3]
        tensor += mass * np.array(
            [
                [y * y + z * z, -x * y, -x * z],
                [-x * y, x * x + z * z, -y * z],
                [-x * z, -y * z, x * x + y * y],
            ]
        )
    e = np.array(E_AXIS[axis], dtype=float)
    return tensor + noise * tensor @ np.diag(e)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("noise", [0.0, 0.1, -1.0])
@pytest.mark.parametrize("n_masses", [1, 5])
def test_targets_are_the_definition(axis, noise, n_masses):
    inertia = make_inertia(20, n_masses=n_masses, noise=noise, axis=axis, random_state=0)
    assert inertia.data.shape == (20, 4 * n_masses)
    expected = [inertia_of_one_row(row, n_masses, noise, axis).ravel() for row in inertia.data]
    np.testing.assert_allclose(inertia.target, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(inertia.function(inertia.data), inertia.target)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_noise_minus_one_removes_the_column(axis):
    tensors = make_inertia(10, noise=-1.0, axis=axis, random_state=0).target.reshape(-1, 3, 3)
    np.testing.assert_array_equal(tensors[:, :, axis], 0.0)
    assert (np.abs(np.delete(tensors, axis, axis=2)).max(axis=(1, 2)) > 0).all()


def test_representations_and_groups():
    inertia = make_inertia(3, n_masses=2, random_state=0)
    assert inertia.rep_in == 2 * Scalar + 2 * Vector
    assert inertia.rep_out == T(2)
    assert inertia.groups == {
        "O(2) xy": O(2).embed(3, axes=(0, 1)),
        "O(2) yz": O(2).embed(3, axes=(1, 2)),
        "O(2) xz": O(2).embed(3, axes=(0, 2)),
    }


@pytest.mark.parametrize("axis, exact", [(0, "O(2) yz"), (1, "O(2) xz"), (2, "O(2) xy")])
@pytest.mark.parametrize("noise, error", [(-1.0, 0.32), (0.1, 0.025)])
def test_true_error_of_the_planes(axis, exact, noise, error):
    inertia = make_inertia(1, noise=noise, axis=axis)
    errors = {name: inertia.true_error(group) for name, group in inertia.groups.items()}
    assert errors.pop(exact) < 1e-14
    # The two other planes are alike: exchanging their axes leaves the task as it is.
    np.testing.assert_allclose(list(errors.values()), error, rtol=0.05)


def test_without_noise_all_of_o3_holds():
    assert make_inertia(1, noise=0.0).true_error(O(3), n_elements=50) < 1e-14
    assert make_inertia(1, noise=0.0, shift=2.0).true_error(SO(3), n_elements=50) < 1e-14


def test_two_axes_break_every_group():
    inertia = make_inertia(1, noise=-0.5, axis=-1)
    assert all(inertia.true_error(group) > 0.1 for group in inertia.groups.values())
    tensors = make_inertia(10, noise=1.0, axis=-1, random_state=0).target.reshape(-1, 3, 3)
    np.testing.assert_array_equal(tensors[:, :, 0], 0.0)


def test_true_error_is_the_metric_of_the_function():
    inertia = make_inertia(5, noise=-1.0, random_state=0)
    group = inertia.groups["O(2) xz"]
    first = inertia.true_error(group, n_elements=20, n_samples=30, random_state=1)
    assert first == inertia.true_error(group, n_elements=20, n_samples=30, random_state=1)
    assert first != inertia.true_error(group, n_elements=20, n_samples=30, random_state=2)
    other = equivariance_error(
        inertia.function,
        make_inertia(200, random_state=1).data,
        group,
        inertia.rep_in,
        inertia.rep_out,
        n_elements=200,
        random_state=2,
    )
    np.testing.assert_allclose(first, other, rtol=0.5)


def test_distribution_of_the_rows():
    X = make_inertia(20000, random_state=1).data
    masses, positions = X[:, :5], X[:, 5:]
    assert (masses > 0).all()
    np.testing.assert_allclose(masses.mean(), 0.806, atol=0.01)  # the mean of softplus(N(0, 1))
    np.testing.assert_allclose(positions.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(positions.std(axis=0), 1.0, atol=0.03)


@pytest.mark.parametrize("shift", [3.0, (1.0, -2.0, 0.5)])
def test_shift_moves_the_same_positions(shift):
    plain, moved = (make_inertia(10, shift=s, random_state=0).data for s in (0.0, shift))
    np.testing.assert_array_equal(moved[:, :5], plain[:, :5])
    difference = (moved - plain)[:, 5:].reshape(-1, 5, 3)
    np.testing.assert_allclose(difference, np.broadcast_to(shift, (10, 5, 3)))


@pytest.mark.parametrize("sign", [-1, 1])
def test_sign_comes_after_shift(sign):
    shifted = make_inertia(10, shift=1.0, random_state=0).data
    signed = make_inertia(10, shift=1.0, sign=sign, random_state=0).data
    np.testing.assert_array_equal(signed[:, :5], shifted[:, :5])
    np.testing.assert_array_equal(signed[:, 5:], sign * np.abs(shifted[:, 5:]))


def test_true_error_draws_from_the_same_distribution():
    group = O(2).embed(3, axes=(0, 2))
    plain = make_inertia(1, noise=-1.0).true_error(group)
    shifted = make_inertia(1, noise=-1.0, shift=(0.0, 5.0, 0.0)).true_error(group)
    assert abs(plain - shifted) > 0.05


def test_random_state(global_generators_untouched):
    first = make_inertia(10, random_state=0)
    np.testing.assert_array_equal(first.data, make_inertia(10, random_state=0).data)
    assert not np.array_equal(first.data, make_inertia(10, random_state=1).data)
    generator = np.random.RandomState(0)
    np.testing.assert_array_equal(first.data, make_inertia(10, random_state=generator).data)
    first.true_error(O(3), n_elements=2)


def test_names_frame_and_description():
    inertia = make_inertia(4, n_masses=2, noise=-1.0, random_state=0)
    names = ["mass_1", "mass_2", "x_1", "y_1", "z_1", "x_2", "y_2", "z_2"]
    assert inertia.feature_names == names
    assert inertia.target_names[:4] == ["J_xx", "J_xy", "J_xz", "J_yx"]
    assert "noise = -1.0" in inertia.DESCR
    framed = make_inertia(4, n_masses=2, noise=-1.0, random_state=0, as_frame=True)
    pd.testing.assert_frame_equal(framed.data, pd.DataFrame(inertia.data, columns=names))
    X, y = make_inertia(4, n_masses=2, noise=-1.0, random_state=0, return_X_y=True)
    np.testing.assert_array_equal(X, inertia.data)
    np.testing.assert_array_equal(y, inertia.target)


@pytest.mark.parametrize("axis", [2, -1])
def test_noise_std_gives_every_row_its_own_noise(axis):
    options = {"axis": axis, "shift": 0.5, "random_state": 0}
    inertia = make_inertia(4000, noise=0.3, noise_std=0.1, **options)
    plain = make_inertia(4000, noise=0.3, **options)
    np.testing.assert_array_equal(inertia.data, plain.data)
    np.testing.assert_array_equal(inertia.function(inertia.data), plain.target)
    # y = J + a J diag(e) is linear in a: read a off, and all entries of a row must agree.
    base, one = (make_inertia(4000, noise=a, **options).target for a in (0.0, 1.0))
    changed = np.abs(one - base) > 1e-6
    a = np.divide(inertia.target - base, one - base, out=np.full_like(base, np.nan), where=changed)
    a_of_row = np.nanmean(a, axis=1)
    np.testing.assert_allclose(
        a[changed], np.broadcast_to(a_of_row[:, None], a.shape)[changed], atol=1e-6
    )
    np.testing.assert_allclose([a_of_row.mean(), a_of_row.std()], [0.3, 0.1], atol=0.006)


def test_true_error_is_that_of_the_mean():
    noisy, plain = (make_inertia(1, noise=-0.5, noise_std=std) for std in (2.0, 0.0))
    for name, group in plain.groups.items():
        assert noisy.true_error(group) == plain.true_error(noisy.groups[name])
    assert make_inertia(1, noise_std=1.0).true_error(O(3), n_elements=50) < 1e-14


def test_the_same_seed_gives_the_same_noise(global_generators_untouched):
    first, again, other = (make_inertia(10, noise_std=0.1, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.target, again.target)
    assert not np.array_equal(first.target, other.target)
    assert not np.array_equal(first.target, first.function(first.data))


def test_pickles():
    inertia = make_inertia(4, noise=-1.0, random_state=0)
    again = pickle.loads(pickle.dumps(inertia))
    np.testing.assert_array_equal(again.function(inertia.data), inertia.target)
    assert again.true_error(O(3), n_elements=2) == inertia.true_error(O(3), n_elements=2)


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"n_samples": 0}, ValueError, "n_samples == 0"),
        ({"n_masses": 1.5}, TypeError, "n_masses"),
        ({"axis": 3}, ValueError, r"'axis' must be one of \[-1, 0, 1, 2\]. Got 3"),
        ({"sign": 2}, ValueError, "'sign' must be -1, 0 or 1. Got 2"),
        ({"noise": np.nan}, ValueError, "'noise' must be a finite number. Got nan"),
        ({"noise": "much"}, TypeError, "noise"),
        ({"noise_std": -0.1}, ValueError, "noise_std == -0.1, must be >= 0"),
        ({"noise_std": np.inf}, ValueError, "'noise_std' must be a finite number. Got inf"),
        ({"shift": [1.0, 2.0]}, ValueError, "'shift' must be.*1.0, 2.0"),
        ({"shift": np.inf}, ValueError, "'shift' must be.*inf"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        make_inertia(**parameters)


def test_function_refuses_other_columns():
    with pytest.raises(ValueError, match="'X' must have 4 \\* n_masses = 20 columns. Got 8"):
        make_inertia(2).function(np.ones((3, 8)))
