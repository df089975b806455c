"""What is odd about a new id and worth a second look before thousands of events carry it. Never a refusal. Pure."""

import re

URL_SAFE = re.compile(r"[A-Za-z0-9._~@:+-]+")
ENVIRONMENTS = "staging|stage|production|prod|development|dev|test|testing|sandbox|qa|uat|demo"
WITH_ENVIRONMENT = re.compile(rf"(?:(?:{ENVIRONMENTS})[-_.:].+|.+[-_.:](?P<last>{ENVIRONMENTS}))", re.IGNORECASE)


def hint(external_id: str) -> str:
    """A sentence that goes on after the id, or nothing."""
    if WITH_ENVIRONMENT.fullmatch(external_id):
        return "carries an environment. One customer has one id; say the environment in the event's `environment`."
    if re.search(r"[^\W\d]{2,} +[^\W\d]{2,}", external_id):
        return "looks like a display name. Names change; use the id that your own system has for the customer."
    if not URL_SAFE.fullmatch(external_id):
        return "is not URL-safe: in addresses and API calls it has to be escaped."
    return ""
