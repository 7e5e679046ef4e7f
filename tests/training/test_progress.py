import pickle
from types import SimpleNamespace

from softeq_sklearn.training import EpochProgress


def train(progress, losses, max_epochs=3):
    net = SimpleNamespace(max_epochs=max_epochs, history=[])
    progress.on_train_begin(net)
    for loss in losses:
        net.history.append(loss)
        progress.on_epoch_end(net)
    progress.on_train_end(net)
    return progress


def test_line_on_standard_error(capsys):
    train(EpochProgress(), [{"train_loss": 0.5, "valid_loss": 0.25, "epoch": 1}] * 3)
    captured = capsys.readouterr()
    assert not captured.out
    assert "3/3" in captured.err
    assert "train_loss=0.5" in captured.err
    assert "valid_loss=0.25" in captured.err
    # One line: a carriage return goes back to its start.
    assert captured.err.count("\n") <= 1


def test_training_without_validation(capsys):
    train(EpochProgress(), [{"train_loss": 0.5}] * 2)
    captured = capsys.readouterr()
    assert "valid_loss" not in captured.err
    assert "2/3" in captured.err


def test_pickle_after_training(capsys):
    progress = train(EpochProgress(), [{"train_loss": 1.0}])
    pickle.loads(pickle.dumps(progress))
    train(progress, [{"train_loss": 1.0}])
    assert capsys.readouterr().err.count("1/3") >= 2
