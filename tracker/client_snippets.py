"""Ready to paste: the clients that exist already, pointed at this install with an application's write key."""

from tracker.snippets import Snippet

POSTHOG_PYTHON = """\
from posthog import Posthog

posthog = Posthog("{key}", host="{host}")
posthog.capture("report_opened", distinct_id="user-1", groups={"company": "org_456"})
posthog.shutdown()
"""
POSTHOG_NODE = """\
const { PostHog } = require("posthog-node");

const posthog = new PostHog("{key}", { host: "{host}" });
posthog.capture({ distinctId: "user-1", event: "report_opened", groups: { company: "org_456" } });
posthog.shutdown();
"""
POSTHOG_JS = """\
import posthog from "posthog-js";

posthog.init("{key}", { api_host: "{host}" });
posthog.identify("user-1");
posthog.group("company", "org_456");
"""
SEGMENT_PYTHON = """\
from segment.analytics.client import Client

analytics = Client("{key}", host="{host}")
analytics.track("user-1", "report_opened", context={"groupId": "org_456"})
analytics.join()
"""
SEGMENT_NODE = """\
const { Analytics } = require("@segment/analytics-node");

const analytics = new Analytics({ writeKey: "{key}", host: "{host}" });
analytics.track({ userId: "user-1", event: "report_opened", context: { groupId: "org_456" } });
analytics.closeAndFlush();
"""
RUDDERSTACK_PYTHON = """\
from rudderstack.analytics.client import Client

analytics = Client("{key}", host="{host}")
analytics.track("user-1", "report_opened", context={"groupId": "org_456"})
analytics.join()
"""
CLIENTS = {
    "PostHog for Python": POSTHOG_PYTHON,
    "PostHog for Node.js": POSTHOG_NODE,
    "PostHog for browsers": POSTHOG_JS,
    "Segment for Python": SEGMENT_PYTHON,
    "Segment for Node.js": SEGMENT_NODE,
    "RudderStack for Python": RUDDERSTACK_PYTHON,
}


def client_snippets(*, host: str, write_key: str = "YOUR_WRITE_KEY") -> list[Snippet]:
    """One for each client, with this install's address and the key in place."""
    return [Snippet(name, text.replace("{key}", write_key).replace("{host}", host)) for name, text in CLIENTS.items()]
