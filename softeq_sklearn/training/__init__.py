"""Training softly equivariant modules with skorch."""

from softeq_sklearn.training._batches import TensorBatches, WeightedBatch
from softeq_sklearn.training._best_members import BestMembers
from softeq_sklearn.training._best_weights import BestWeights
from softeq_sklearn.training._member_clipping import MemberGradientClipping
from softeq_sklearn.training._net import PenalizedNet
from softeq_sklearn.training._progress import EpochProgress
from softeq_sklearn.training._row_losses import CrossEntropy, RowLoss, SquaredError
from softeq_sklearn.training._strength_path import StrengthPath
from softeq_sklearn.training._strength_tuner import StrengthTuner
from softeq_sklearn.training._threads import threads_for

__all__ = [
    "BestMembers",
    "BestWeights",
    "CrossEntropy",
    "EpochProgress",
    "MemberGradientClipping",
    "PenalizedNet",
    "RowLoss",
    "SquaredError",
    "StrengthPath",
    "StrengthTuner",
    "TensorBatches",
    "WeightedBatch",
    "threads_for",
]
