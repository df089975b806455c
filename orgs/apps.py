from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "orgs"
    verbose_name = "Customers"

    def ready(self) -> None:
        import orgs.cohorts.pages  # noqa: F401,PLC0415  register
        from orgs import jobs, pages, people_pages  # noqa: F401,PLC0415  register
        from orgs.cohorts import own_rules  # noqa: F401,PLC0415  register
        from orgs.importing import cohorts, organizations, restoring  # noqa: F401,PLC0415  register
