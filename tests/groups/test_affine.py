import numpy as np
import pytest

from softeq_sklearn.groups import (
    SE,
    SO,
    E,
    O,
    Translation,
    compose,
    exponential,
    generated_by,
    linear_part,
)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_dimensions_of_the_lie_algebras(n):
    assert len(Translation(n).lie_algebra) == n
    assert len(SE(n).lie_algebra) == len(E(n).lie_algebra) == n * (n + 1) // 2


@pytest.mark.parametrize("group", [Translation(2), SE(2), E(3)], ids=repr)
def test_samples_preserve_distances(group, rng):
    x, y = rng.standard_normal((2, group.dim))
    g = group.sample(20, random_state=0)
    images = [g[:, :, :-1] @ point + g[:, :, -1] for point in (x, y)]
    distances = np.linalg.norm(images[0] - images[1], axis=1)
    np.testing.assert_allclose(distances, np.linalg.norm(x - y))


@pytest.mark.parametrize("group", [Translation(3), SE(3), E(3)], ids=repr)
def test_translations_fill_the_box(group):
    t = group.sample(5000, random_state=0)[:, :, -1]
    assert np.abs(t).max() <= 1.0
    np.testing.assert_allclose(t.min(axis=0), -1.0, atol=0.01)
    np.testing.assert_allclose(t.max(axis=0), 1.0, atol=0.01)
    np.testing.assert_allclose(t.mean(axis=0), 0.0, atol=0.05)


def test_linear_parts():
    assert (linear_part(Translation(3).sample(5, random_state=0)) == np.eye(3)).all()
    assert SO(3).contains(linear_part(SE(3).sample(20, random_state=0))).all()
    orthogonal = linear_part(E(3).sample(200, random_state=0))
    assert O(3).contains(orthogonal).all()
    assert 0 < SO(3).contains(orthogonal).mean() < 1


def test_generated_by_the_parts():
    assert generated_by(SO(3), Translation(3)) == SE(3)
    assert generated_by(O(2), Translation(2)) == E(2)


def test_subgroups():
    shifts, motions, isometries = (
        group.sample(50, random_state=0) for group in (Translation(2), SE(2), E(2))
    )
    assert SE(2).contains(shifts).all()
    assert E(2).contains(motions).all()
    assert not Translation(2).contains(motions).any()
    assert 0 < SE(2).contains(isometries).mean() < 1


def test_exponential_of_a_translation_translates():
    g = exponential(3.0 * Translation(2).lie_algebra[0])
    np.testing.assert_allclose(g, [[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]], atol=1e-12)


def test_translations_commute():
    g, h = Translation(3).sample(2, random_state=0)
    np.testing.assert_allclose(compose(g, h), compose(h, g))


def test_rotation_about_a_point_keeps_the_point():
    # exp [A | -A p] turns about p.
    turn, point = SO(2).lie_algebra[0], np.array([2.0, -1.0])
    g = exponential(np.hstack([turn, -(turn @ point)[:, None]]))
    np.testing.assert_allclose(g[:, :2] @ point + g[:, 2], point)
    assert SE(2).contains(g)


@pytest.mark.parametrize("cls", [Translation, SE, E])
def test_wrong_dimension(cls):
    with pytest.raises(ValueError, match=rf"'n' parameter of {cls.__name__} .* Got 0 instead"):
        cls(0)


def test_elements_of_linear_groups_have_another_shape():
    with pytest.raises(
        ValueError, match=r"\(2, 3\) or \(n, 2, 3\) for SE\(2\). Got shape \(2, 2\)"
    ):
        SE(2).contains(np.eye(2))
