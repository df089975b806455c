"""Registered when the app is ready."""

from config.backoffice.pages import register_list

register_list(
    "subscriptions",
    title="Subscriptions",
    group="Evidence",
    order=20,
    icon="receipt_long",
    permission="revenue.view_subscription",
    url_name="admin:revenue_subscription_changelist",
)
