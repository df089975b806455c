from django.urls import path

from revenue.api import views

urlpatterns = [
    path("revenue/summary/", views.SummaryView.as_view(), name="revenue_summary"),
    path("revenue/months/", views.MonthsView.as_view(), name="revenue_months"),
    path("revenue/movements/", views.MovementsView.as_view(), name="revenue_movements"),
    path("revenue/cohorts/", views.CohortsView.as_view(), name="revenue_cohorts"),
    path("subscriptions/", views.SubscriptionsView.as_view(), name="subscriptions"),
]
