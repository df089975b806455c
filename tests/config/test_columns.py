"""Which columns a list shows: ticked on the list, kept in its address, in its links and in saved views."""

from decimal import Decimal

import pytest
from django.urls import reverse

from config.backoffice.models import SavedView
from signals.models import Signal
from tests.factories import NOW, organization, snapshot, staff

pytestmark = pytest.mark.django_db
ORGANIZATIONS, SIGNALS = "/admin/orgs/organization/", "/admin/signals/"
USUAL = ["name", "mrr", "health", "last_seen", "events", "owner", "renewal", "signals"]


@pytest.fixture
def ada(client):
    user = staff("ada")
    client.force_login(user)
    return user


def shown(client, query: str = "") -> list[str]:
    listed = client.get(f"{ORGANIZATIONS}{query}").context["cl"].list_display
    return [name for name in listed if name != "action_checkbox"]


def led(client, address: str) -> str:
    return client.get(address).headers["Location"]


def listed(client, address: str) -> list[str]:
    return [org.external_id for org in client.get(address).context["cl"].result_list]


def customers() -> None:
    for name, mrr, priority in (("small", 5, 90), ("large", 500, 10)):
        org = organization(name, segment=f"Segment of {name}")
        about = {"mrr": Decimal(mrr), "priority": Decimal(priority), "products": ["pro", "<i>chat</i>"]}
        snapshot(org, band="watch", quadrant="champions", previous_band="healthy", coverage=Decimal("0.8"), **about)
        values = {"type": "usage_drop", "sentence": "down", "opened_at": NOW, "changed_at": NOW}
        Signal.objects.create(organization=org, money_at_stake=priority, **values)


@pytest.mark.parametrize("query", ["", "?columns=", "?columns=nothing,known", "?columns=__class__,delete_model"])
def test_without_a_choice_the_usual_ones(client, ada, query):
    customers()
    assert shown(client, query) == USUAL


def test_ticks_become_an_address_that_keeps_filters(client, ada):
    ticked = "?choose_columns=1&band=watch&p=2&column=segment&column=mrr&column=unknown"
    assert (
        client.get(f"{ORGANIZATIONS}{ticked}").headers["Location"]
        == f"{ORGANIZATIONS}?band=watch&columns=mrr%2Csegment"
    )
    usual = "&".join(f"column={name}" for name in USUAL[1:])
    assert client.get(f"{ORGANIZATIONS}?choose_columns=1&columns=mrr&{usual}").headers["Location"] == ORGANIZATIONS
    assert client.get(f"{ORGANIZATIONS}?choose_columns=1&columns=mrr").headers["Location"] == ORGANIZATIONS
    ticked = "?choose_columns=1&type=usage_drop&page=3&column=segment&column=priority"
    assert (
        client.get(f"{SIGNALS}{ticked}").headers["Location"] == f"{SIGNALS}?type=usage_drop&columns=priority%2Csegment"
    )


def test_every_column_of_organizations_shows_and_sorts(client, ada):
    customers()
    everything = client.get(ORGANIZATIONS).context["choice"]
    query = "?columns=" + ",".join(each.key for each in everything)
    page = client.get(f"{ORGANIZATIONS}{query}")
    assert shown(client, query) == ["name", *(each.key for each in everything)]
    content = page.content.decode()
    for words in (
        "Champions",
        "Healthy",
        "80\u00a0%",
        "Segment of large",
        "pro, &lt;i&gt;chat&lt;/i&gt;",
        "90\u00a0EUR",
    ):
        assert words in content
    for place in range(1, len(everything) + 2):
        assert client.get(f"{ORGANIZATIONS}{query}&o=-{place}").status_code == 200


def test_the_order_goes_with_its_column(client, ada):
    """It is kept as the place of a column: by priority, the second of two columns, the last when MRR comes between."""
    customers()
    by_priority = f"{ORGANIZATIONS}?columns=segment%2Cpriority&o=-3"
    assert listed(client, by_priority) == ["small", "large"]
    moved = led(client, f"{by_priority}&choose_columns=1&column=mrr&column=health&column=priority")
    assert moved == f"{ORGANIZATIONS}?columns=mrr%2Chealth%2Cpriority&o=-4"
    assert listed(client, moved) == ["small", "large"]
    assert led(client, f"{by_priority}&choose_columns=1&column=mrr") == f"{ORGANIZATIONS}?columns=mrr"
    odd = led(client, f"{ORGANIZATIONS}?o=x.-99.%C2%B2.2&choose_columns=1&column=mrr")
    assert odd == f"{ORGANIZATIONS}?columns=mrr&o=2"


def test_a_saved_view_opens_with_its_columns(client, ada):
    customers()
    for page, path in (("organizations", ORGANIZATIONS), ("signals", SIGNALS)):
        query = "band=watch&columns=mrr%2Csegment"
        client.post(reverse("admin:saved_view_act"), {"page": page, "name": "Segments", "query": f"{query}&p=2"})
        assert SavedView.objects.get(page=page).query == query
        content = client.get(path).content.decode()
        assert f'href="{path}?band=watch&amp;columns=mrr%2Csegment"' in content
        opened = client.get(f"{path}?{query}").content.decode()
        assert "Segment of large" in opened
        # Filtering and sorting on from there keeps them.
        assert 'name="columns" value="mrr,segment"' in opened


def test_the_queue_shows_what_was_ticked(client, ada):
    customers()
    usual = client.get(SIGNALS).content.decode()
    assert ">Priority</th>" in usual
    assert ">Segment</th>" not in usual
    some = client.get(f"{SIGNALS}?columns=segment,products").content.decode()
    assert "<th>Organization</th><th>Why</th><th>Segment</th><th>Products</th>" in some
    assert "pro, &lt;i&gt;chat&lt;/i&gt;" in some


def test_files_hold_every_column_whatever_is_shown(client, ada):
    customers()
    for path in (f"{ORGANIZATIONS}export.csv?", f"{SIGNALS}?export=csv&"):
        files = [b"".join(client.get(f"{path}{query}").streaming_content) for query in ("", "columns=mrr")]
        assert files[0] == files[1]
        header = files[0].decode("utf-8-sig").splitlines()[0].split(",")
        assert {"mrr", "health", "segment", "products", "events_30d", "last_seen_at"} <= set(header)
