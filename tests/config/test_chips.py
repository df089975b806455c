"""Filters that can be taken off, one by one."""

from config.backoffice.chips import chips


def test_each_filter_has_the_address_without_it(rf):
    request = rf.get("/admin/events/?event=opened&plan=a%26b&other=1")
    assert chips(request, {"event": "opened", "plan": "Plan a&b", "user": ""}) == [
        {"word": "opened", "without": "?plan=a%26b&other=1"},
        {"word": "Plan a&b", "without": "?event=opened&other=1"},
    ]


def test_the_wider_list_is_seen_from_its_beginning(rf):
    request = rf.get("/admin/events/?event=opened&before=70&page=3")
    assert chips(request, {"event": "opened", "before": "Older events"}) == [
        {"word": "opened", "without": "?"},
        {"word": "Older events", "without": "?event=opened"},
    ]


def test_what_means_nothing_alone_goes_along(rf):
    request = rf.get("/admin/events/?property=plan&value=pro")
    assert chips(request, {"property": "plan = pro"}, parts={"property": "value"}) == [
        {"word": "plan = pro", "without": "?"}
    ]
