"""What every test may ask for."""

import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite(  # so that their asserts tell what differs
    "tests.serving", "tests.model.eyes", "tests.model.twins"
)

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real graphs and tweets, which is not part of the project: beside the clone, or ROOKERY_SHARED_DATA.

    Where it is absent the test is left out, under CI=true it fails.
    """
    folder = Path(os.environ.get("ROOKERY_SHARED_DATA") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        message = f"needs the shared data, and {folder} is absent"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return folder
