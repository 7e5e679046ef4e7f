"""No fit ends with numbers that are none."""

import pytest
import torch
from numpy.testing import assert_array_equal


@pytest.mark.parametrize("fraction", [0.0, 0.2])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_no_fit_ends_with_nan(make, plane, method, fraction):
    """The last step of all is looked at, too."""
    model = make(learning_rate=1e39, max_epochs=1, batch_size=80, validation_fraction=fraction)
    with pytest.raises(ValueError, match="learning_rate must be small enough.*NaN or infinite"):
        getattr(model, method)(*plane)
    assert not hasattr(model, "net_")


def test_an_epoch_that_diverges_changes_nothing(make, plane):
    X, Y = plane
    model, twin = (make().partial_fit(X, Y) for _ in range(2))
    before = model.predict(X)
    with pytest.raises(ValueError, match="learning_rate must be small enough"):
        model.set_params(learning_rate=1e39).partial_fit(X, Y)
    assert_array_equal(model.predict(X), before)
    for one in (model.set_params(learning_rate=0.01), twin):
        one.partial_fit(X, Y)
    assert_array_equal(model.predict(X), twin.predict(X))
    assert all(torch.isfinite(p).all() for p in model.module_.parameters())
