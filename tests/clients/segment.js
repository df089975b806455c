// Sends `count` events with @segment/analytics-node; prints what went wrong as JSON.
const { Analytics } = require("@segment/analytics-node");

const [host, key, count] = process.argv.slice(2);
const errors = [];
const client = new Analytics({ writeKey: key, host, maxEventsInBatch: 10, flushInterval: 200, maxRetries: 8 });
client.on("error", (error) => errors.push(String(error.reason || error.code || error)));

(async () => {
  for (let n = 0; n < Number(count); n += 1) {
    client.track({ userId: "u-1", event: "report_opened", properties: { n }, context: { groupId: "org_456" } });
  }
  await client.closeAndFlush({ timeout: 60000 });
  console.log(JSON.stringify(errors));
})();
