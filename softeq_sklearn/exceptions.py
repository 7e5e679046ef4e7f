"""Exceptions and warnings of the package; all others are those of Python."""

__all__ = ["FitInterruptedWarning", "InconsistentVersionWarning", "ProblemTooLargeError"]


class FitInterruptedWarning(UserWarning):
    """The user has interrupted a fit, whose best weights so far are kept."""


class InconsistentVersionWarning(UserWarning):
    """An estimator was saved with another version of the package than the one that loads it.

    Parameters
    ----------
    estimator_name : str
        Class of the estimator.
    current_version : str
        Version that loads it.
    original_version : str or None
        Version that saved it; None if it is not known.
    """

    def __init__(self, estimator_name, current_version, original_version):
        super().__init__(estimator_name, current_version, original_version)
        self.estimator_name = estimator_name
        self.current_version = current_version
        self.original_version = original_version

    def __str__(self):
        return (
            f"{self.estimator_name} was saved with softeq_sklearn {self.original_version} and is "
            f"loaded with {self.current_version}: it may not work, or predict otherwise. Fit it "
            f"again, or install version {self.original_version}."
        )


class ProblemTooLargeError(ValueError):
    """A solve or a dense result would be too large; the message names the sizes.

    Raised before anything of that size is allocated.
    """
