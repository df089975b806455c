"""The product's addresses, and the views that its own are compared with."""

from django.urls import include, path

from tests.bench import ingest_views as views

urlpatterns = [
    # Under the path of machines, so that all are served without session and login alike.
    path("v1/bench/one-insert", views.OneInsertView.as_view()),
    path("v1/bench/library", views.LibraryView.as_view()),
    path("v1/bench/serializer", views.SerializerView.as_view()),
    path("", include("config.urls")),
]
