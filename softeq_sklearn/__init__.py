"""Neural networks that find out which symmetries your data has, for scikit-learn."""

__version__ = "0.1.0"

__all__ = []
