from django.urls import path

from orgs.api.views import CohortList, CohortMemberList

urlpatterns = [
    path("cohorts/", CohortList.as_view(), name="api_cohorts"),
    path("cohorts/<int:cohort_id>/members/", CohortMemberList.as_view(), name="api_cohort_members"),
]
