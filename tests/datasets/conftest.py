import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def writer():
    """The module tfrecord_writer.py: files of records without any code of the package."""
    path = Path(__file__).with_name("tfrecord_writer.py")
    spec = importlib.util.spec_from_file_location("tfrecord_writer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
