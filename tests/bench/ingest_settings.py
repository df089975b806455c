"""The product's settings, with the views that the bench compares with beside the product's own."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.ingest_urls"
