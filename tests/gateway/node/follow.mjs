// The public graphql-ws client against the address given: follows, completes, resumes and leaves; prints what it heard.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [, , url, accessToken] = process.argv;
let left;
const closed = new Promise((resolve) => (left = resolve));
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { accessToken },
  lazy: false,
  retryAttempts: 0,
  onNonLazyError: () => {},
  on: { closed: (event) => left(event.code) },
});

async function all(query, variables) {
  const heard = [];
  for await (const { data } of client.iterate({ query, variables })) heard.push(data);
  return heard;
}

const count = "subscription ($to: Int!, $after: Int) { count(to: $to, after: $after) }";
const heard = {};
heard.whole = await all(count, { to: 3, after: 0 });
heard.resumed = await all(count, { to: 5, after: 3 });
heard.viewer = await all("{ viewer }");
heard.refused = await all("{ nothing }").catch((errors) => errors.map((error) => error.extensions.code));

const steps = client.iterate({ query: "subscription { steps }" });
const first = steps.next();
console.log("following");
heard.step = (await first).value.data;
await steps.return();
heard.after = await all("{ greeting }");
await client.dispose();
console.log(JSON.stringify({ ...heard, closed: await closed }));
