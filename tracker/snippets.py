"""Ready to paste: one signed event in four languages."""

from dataclasses import dataclass

CURL = """\
USER_HASH=$(printf user-1 | openssl dgst -sha256 | sed 's/^.* //')
BODY='{"event":"test_event","customer_org_id":"org_456","user_hash":"'$USER_HASH'"}'
SIGNATURE=$(printf '%s' "$BODY" | openssl dgst -sha256 -hmac '{secret}' | sed 's/^.* //')
curl -i {url} \\
  -H 'Content-Type: application/json' \\
  -H 'x-app-uuid: {uuid}' \\
  -H "x-signature: $SIGNATURE" \\
  --data-raw "$BODY"
"""
PYTHON = """\
import hashlib, hmac, json, urllib.request

SECRET = b"{secret}"
body = json.dumps({
    "event": "test_event",
    "user_hash": hashlib.sha256(b"user-1").hexdigest(),
    "customer_org_id": "org_456",
}).encode()
request = urllib.request.Request("{url}", body, {
    "Content-Type": "application/json",
    "x-app-uuid": "{uuid}",
    "x-signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
})
print(urllib.request.urlopen(request).read())
"""
NODE = """\
const { createHash, createHmac } = require("node:crypto");

const body = JSON.stringify({
  event: "test_event",
  user_hash: createHash("sha256").update("user-1").digest("hex"),
  customer_org_id: "org_456",
});
fetch("{url}", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "x-app-uuid": "{uuid}",
    "x-signature": createHmac("sha256", "{secret}").update(body).digest("hex"),
  },
  body,
}).then((response) => response.text()).then(console.log);
"""
RUBY = """\
require "digest"; require "json"; require "net/http"; require "openssl"

body = JSON.generate(
  event: "test_event",
  user_hash: Digest::SHA256.hexdigest("user-1"),
  customer_org_id: "org_456"
)
puts Net::HTTP.post(URI("{url}"), body,
  "Content-Type" => "application/json",
  "x-app-uuid" => "{uuid}",
  "x-signature" => OpenSSL::HMAC.hexdigest("SHA256", "{secret}", body)).body
"""


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str


def snippets(*, url: str, uuid: str, secret: str = "YOUR_SECRET") -> list[Snippet]:  # noqa: S107  a placeholder
    """The four, with this application's values in place."""
    languages = {"cURL": CURL, "Python": PYTHON, "Node.js": NODE, "Ruby": RUBY}
    return [Snippet(name, _fill(text, url, uuid, secret)) for name, text in languages.items()]


def _fill(text: str, url: str, uuid: str, secret: str) -> str:
    return text.replace("{url}", url).replace("{uuid}", uuid).replace("{secret}", secret)
