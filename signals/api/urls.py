from django.urls import path

from signals.api.views import OrganizationDetail, OrganizationList, SignalList

# An external id may hold any character, slashes too.
urlpatterns = [
    path("organizations/", OrganizationList.as_view(), name="api_organizations"),
    path("organizations/<path:external_id>/", OrganizationDetail.as_view(), name="api_organization"),
    path("signals/", SignalList.as_view(), name="api_signals"),
]
