import pytest

from tests.factories import staff


@pytest.fixture
def ada(db):
    return staff("ada", first_name="Ada")
