"""Saving fitted estimators to files, and loading them without trust."""

from softeq_sklearn.persistence._trusted_types import trusted_types

__all__ = ["trusted_types"]
