"""The product's addresses, and the views that its own are compared with."""

from django.urls import include, path

from tests.bench import ingest_views as views

urlpatterns = [
    path("bench/one-insert", views.OneInsertView.as_view()),
    path("bench/serializer", views.SerializerView.as_view()),
    path("", include("config.urls")),
]
