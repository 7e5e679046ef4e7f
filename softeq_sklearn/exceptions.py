"""The exceptions of the package; everything else is a ValueError or a TypeError."""

__all__ = ["ProblemTooLargeError"]


class ProblemTooLargeError(ValueError):
    """A solve or a dense result would be too large; the message names the sizes.

    Raised before anything of that size is allocated.
    """
