import pytest

from tests.config.receivers import LOOPBACK, Receiver
from tests.factories import staff


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = LOOPBACK
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def ada(db):
    return staff("ada")
