// The page around GraphiQL: its connections to the gateway, and the bar that logs in and out.
// The session is an HttpOnly cookie which no script can read; nothing about it is kept here.
"use strict";

(() => {
  const endpoint = new URL(document.querySelector('meta[name="homeroom-endpoint"]').content, location.href);
  const socketEndpoint = new URL(endpoint);
  socketEndpoint.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

  const defaultQuery = `# Log in above, then run this: Ctrl-Enter.
# Ctrl-Space completes names.
query Grades {
  me {
    name
    students {
      name
      gradeLevel
      grades {
        course {
          title
        }
        kind
        task
        percent
        letter
      }
    }
  }
}
`;
  const logInMutation = `mutation LogIn($input: LogInInput!) {
  logIn(input: $input) { __typename ... on Problem { message } }
}`;
  const logOutMutation = "mutation LogOut { logOut { __typename } }";
  const whoQuery = "query Who { me { name students { name } } }";

  // What a browser sends by itself cannot have this header: the gateway takes it as the sign that our own page asks.
  const headers = {
    accept: "application/graphql-response+json, application/json",
    "content-type": "application/json",
    "graphql-require-preflight": "1",
  };

  const byId = (id) => document.getElementById(id);
  const form = byId("log-in");
  const fields = form.querySelector("fieldset");
  const loggedIn = byId("logged-in");

  function say(text, isProblem = false) {
    byId("message").textContent = text;
    byId("message").classList.toggle("problem", isProblem);
  }

  async function ask(query, variables) {
    const answer = await fetch(endpoint, {
      method: "POST",
      mode: "same-origin",
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      headers,
      body: JSON.stringify({ query, variables }),
    });
    const result = await answer.json().catch(() => null);
    if (result === null || typeof result !== "object") throw new Error(`The gateway answered with status ${answer.status}.`);
    return result;
  }

  const messageOf = (result) => (result.errors ?? []).map((error) => error.message).join(" ");

  // ------- GraphiQL

  let storage = null;
  try {
    // A tab's own queries survive a reload and go with the tab; on a shared computer nothing stays behind.
    storage = window.sessionStorage;
  } catch {
    // Storage is switched off in this browser: queries live as long as the page.
  }

  // GraphiQL's scroll lock writes a style element when a menu opens and has no way to be told a nonce.
  const { nonce } = document.currentScript;
  const createElement = document.createElement.bind(document);
  document.createElement = (name, options) => {
    const element = createElement(name, options);
    if (String(name).toLowerCase() === "style") element.nonce = nonce;
    return element;
  };

  let socket = null;
  let mounted = 0;

  // A closed connection reaches the result pane as a sentence; an event object would be shown as {"isTrusted": true}.
  const readable = (problem) =>
    problem instanceof CloseEvent
      ? { message: `The connection was closed: ${problem.code} ${problem.reason}`.trim() }
      : problem instanceof Event
        ? { message: "The connection could not be opened." }
        : problem;

  // A new session needs a new socket, for a socket keeps the cookie it was opened with; a new fetcher reads the schema again.
  function showGraphiQL() {
    socket?.dispose();
    const client = graphqlWs.createClient({ url: socketEndpoint.href, lazy: true });
    socket = client;
    const wsClient = {
      subscribe: (payload, sink) => client.subscribe(payload, { ...sink, error: (problem) => sink.error(readable(problem)) }),
    };
    const fetcher = GraphiQL.createFetcher({
      url: endpoint.href,
      headers,
      wsClient,
      enableIncrementalDelivery: false,
      fetch: (url, options) => fetch(url, { ...options, mode: "same-origin", credentials: "same-origin", cache: "no-store" }),
    });
    ReactDOM.render(
      React.createElement(GraphiQL, {
        key: mounted,
        fetcher,
        defaultQuery,
        storage,
        isHeadersEditorEnabled: false,
        shouldPersistHeaders: false,
      }),
      byId("graphiql"),
    );
  }

  // ------- the bar

  function showSignedOut() {
    loggedIn.hidden = true;
    byId("who").textContent = "";
    form.hidden = false;
    fields.disabled = false;
  }

  function showSignedIn(me) {
    const students = (me?.students ?? []).map((student) => student.name).join(", ");
    byId("who").textContent = me ? (students ? `${me.name} (${students})` : me.name) : "Logged in";
    form.hidden = true;
    form.reset();
    loggedIn.hidden = false;
    byId("log-out").disabled = false;
  }

  // Says whether there is a session. A session that may not read `me` yet, or never, is still one to log out of.
  async function showWho() {
    const result = await ask(whoQuery);
    const codes = (result.errors ?? []).map((error) => error.extensions?.code);
    if (result.data?.me) showSignedIn(result.data.me);
    else if (codes.includes("FORBIDDEN") || codes.includes("SECURITY_SETUP_REQUIRED")) showSignedIn(null);
    else showSignedOut();
    if (!codes.includes("UNAUTHENTICATED")) say(messageOf(result), codes.length > 0);
    return !loggedIn.hidden;
  }

  async function logIn() {
    const input = { username: byId("username").value, password: byId("password").value, client: "WEB" };
    const result = await ask(logInMutation, { input });
    const outcome = result.data?.logIn;
    if (!outcome || outcome.__typename !== "LogInSuccess") {
      throw new Error(outcome?.message || messageOf(result) || "The gateway did not log you in.");
    }
    if (!(await showWho())) throw new Error("You are logged in, but the browser did not keep the session's cookie.");
    showGraphiQL();
    byId("log-out").focus();
  }

  async function logOut() {
    const result = await ask(logOutMutation);
    if (!result.data?.logOut) throw new Error(messageOf(result) || "The gateway did not log you out.");
    mounted += 1; // mounted anew, the result pane is empty: what a session showed does not outlive it
    showGraphiQL();
    showSignedOut();
    say("You are logged out.");
    byId("username").focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (fields.disabled) return;
    const answer = logIn();
    fields.disabled = true;
    say("Logging in …");
    try {
      await answer;
    } catch (problem) {
      showSignedOut();
      say(problem.message, true);
      byId("password").value = "";
      byId("password").focus();
    }
  });

  byId("log-out").addEventListener("click", async () => {
    byId("log-out").disabled = true;
    try {
      await logOut();
    } catch (problem) {
      say(problem.message, true);
      byId("log-out").disabled = false;
    }
  });

  showGraphiQL();
  showWho().catch((problem) => {
    showSignedOut();
    say(problem.message, true);
  });
})();
