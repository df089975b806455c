// Sends `count` events with posthog-node; prints what went wrong as JSON.
const { PostHog } = require("posthog-node");

const [host, key, count] = process.argv.slice(2);
const errors = [];
const client = new PostHog(key, {
  host,
  flushAt: 10,
  maxBatchSize: 10,
  flushInterval: 200,
  fetchRetryCount: 8,
  fetchRetryDelay: 500,
});
client.on("error", (error) => errors.push(String(error)));

(async () => {
  for (let n = 0; n < Number(count); n += 1) {
    client.capture({ distinctId: "u-1", event: "report_opened", properties: { n }, groups: { company: "org_456" } });
  }
  await client.shutdown(60000);
  console.log(JSON.stringify(errors));
})();
