"""The one import of hypothesis, which is an optional dependency."""

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError(
        "The strategies of softeq_sklearn.testing need hypothesis. It comes with the extra 'test': "
        'pip install "softeq-sklearn[test]"'
    ) from error

__all__ = ["st"]
