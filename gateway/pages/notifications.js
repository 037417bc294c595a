// The page of notifications: turns push on and off for this browser, shows other devices and what was told.
// The session is an HttpOnly cookie which no script can read. What is kept here is the id of this browser's device.
"use strict";

(() => {
  const endpoint = new URL(meta("endpoint"), location.href);
  const KEPT = "homeroom-device";

  const texts = {
    en: {
      title: "Notifications",
      username: "User name",
      password: "Password",
      logIn: "Log in",
      logOut: "Log out",
      device: "This device",
      others: "Other devices",
      news: "What is new",
      turnOn: "Turn on notifications",
      turnOff: "Turn off",
      remove: "Remove",
      unnamed: "A device",
      on: "Notifications are on. They say that there is news, not what it is, unless you chose otherwise.",
      off: "Notifications are off on this device.",
      taken: "Notifications are off for you on this device. If they are on for somebody else here, they end when you turn yours on.",
      denied: "This browser does not allow notifications of this page. Allow them in its settings, then come back.",
      unsupported: "This browser cannot receive notifications. On an iPhone, add this page to the home screen first.",
      notOffered: "Your district does not send notifications to browsers.",
      failed: "The browser could not be subscribed. Try again later.",
      loggingIn: "Logging in …",
      loggedOut: "You are logged out, and this device is told nothing any more.",
      nothing: "Nothing yet.",
      noAnswer: "The portal does not answer. Try again later.",
    },
    es: {
      title: "Notificaciones",
      username: "Nombre de usuario",
      password: "Contraseña",
      logIn: "Iniciar sesión",
      logOut: "Cerrar sesión",
      device: "Este dispositivo",
      others: "Otros dispositivos",
      news: "Novedades",
      turnOn: "Activar las notificaciones",
      turnOff: "Desactivar",
      remove: "Quitar",
      unnamed: "Un dispositivo",
      on: "Las notificaciones están activadas. Dicen que hay novedades, no cuáles, salvo que usted haya elegido otra cosa.",
      off: "Las notificaciones están desactivadas en este dispositivo.",
      taken: "Las notificaciones están desactivadas para usted en este dispositivo. Si son de otra persona, dejan de serlo cuando active las suyas.",
      denied: "Este navegador no permite las notificaciones de esta página. Permítalas en su configuración y vuelva.",
      unsupported: "Este navegador no puede recibir notificaciones. En un iPhone, añada antes esta página a la pantalla de inicio.",
      notOffered: "Su distrito no envía notificaciones a navegadores.",
      failed: "No se pudo suscribir el navegador. Inténtelo más tarde.",
      loggingIn: "Iniciando sesión …",
      loggedOut: "Ha cerrado la sesión, y este dispositivo ya no recibe nada.",
      nothing: "Todavía nada.",
      noAnswer: "El portal no responde. Inténtelo más tarde.",
    },
  };
  const language = navigator.language.toLowerCase().startsWith("es") ? "es" : "en";
  const say = texts[language];

  const whoQuery = `query Notifications {
    portal { districtName pushPublicKey }
    me { id devices { id name platform registeredAt }
      notifications(first: 20) { nodes { id text toldAt read } } }
  }`;
  const portalQuery = "query Portal { portal { districtName pushPublicKey } }";
  const logInMutation = `mutation LogIn($input: LogInInput!) {
    logIn(input: $input) { __typename ... on Problem { message } }
  }`;
  const logOutMutation = "mutation LogOut { logOut { __typename } }";
  const registerMutation = `mutation Register($input: RegisterDeviceInput!) {
    registerDevice(input: $input) {
      ... on RegisterDeviceSuccess { device { id } }
      ... on Problems { problems { message } }
    }
  }`;
  const removeMutation = "mutation Remove($id: ID!) { removeDevice(id: $id) { __typename } }";

  // What a browser sends by itself cannot have this header: the gateway takes it as the sign that our own page asks.
  const headers = {
    accept: "application/graphql-response+json, application/json",
    "content-type": "application/json",
    "graphql-require-preflight": "1",
  };

  let me = null;
  let publicKey = null;
  let registration = null;
  let here = null; // the id of this browser's device, once it is registered for who is logged in

  function meta(name) {
    return document.querySelector(`meta[name="homeroom-${name}"]`).content;
  }

  function byId(id) {
    return document.getElementById(id);
  }

  function tell(text, isProblem = false) {
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
    }).catch(() => null);
    const result = await answer?.json().catch(() => null);
    if (result === null || typeof result !== "object") throw new Error(say.noAnswer);
    return result;
  }

  const messageOf = (result) => (result.errors ?? []).map((error) => error.message).join(" ");

  // ------- this browser's subscription

  const supported = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

  function bytes(text) {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  }

  const sameKey = (one, other) => one.length === other.length && one.every((byte, place) => byte === other[place]);

  async function worker() {
    registration ??= await navigator.serviceWorker.register(meta("worker"), { scope: location.pathname, updateViaCache: "none" });
    if (registration.active) return registration;
    const waiting = registration.installing ?? registration.waiting;
    await new Promise((done) => {
      const look = () => registration.active && done();
      waiting.addEventListener("statechange", look);
      look();
    });
    return registration;
  }

  async function subscription() {
    const found = supported ? await navigator.serviceWorker.getRegistration(location.pathname) : null;
    return found ? found.pushManager.getSubscription() : null;
  }

  // One that was made with a key the district no longer has would never be told anything.
  async function subscribe() {
    const wanted = bytes(publicKey);
    const manager = (await worker()).pushManager;
    const found = await manager.getSubscription();
    const key = found?.options?.applicationServerKey;
    if (found && key && sameKey(new Uint8Array(key), wanted)) return found;
    await found?.unsubscribe();
    return manager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
  }

  async function enroll(subscribed) {
    const { endpoint: address, keys } = subscribed.toJSON();
    const input = {
      platform: "WEB_PUSH",
      webPush: { endpoint: address, p256dh: keys.p256dh, auth: keys.auth },
      name: browserName(),
    };
    const result = await ask(registerMutation, { input });
    const outcome = result.data?.registerDevice;
    if (!outcome?.device) {
      throw new Error((outcome?.problems ?? []).map((problem) => problem.message).join(" ") || messageOf(result));
    }
    here = outcome.device.id;
    kept(here);
  }

  function browserName() {
    const agent = navigator.userAgent;
    const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`));
    const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name));
    const named = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
    return [named, system].filter(Boolean).join(", ");
  }

  // Which device this browser is: only its owner's list has it, so the next parent at a shared computer is not enrolled
  // unasked.
  function kept(...given) {
    try {
      if (given.length === 0) return localStorage.getItem(KEPT);
      if (given[0] === null) localStorage.removeItem(KEPT);
      else localStorage.setItem(KEPT, given[0]);
    } catch {
      // Storage is switched off in this browser: it is enrolled by a click each time.
    }
    return null;
  }

  // ------- what is shown

  async function show() {
    const subscribed = await subscription().catch(() => null);
    const mine = subscribed !== null && me.devices.some((device) => device.id === kept());
    if (mine && here === null && publicKey !== null && Notification.permission === "granted") {
      await enroll(subscribed);
      await load();
    }
    const on = here !== null;
    let standing = on ? say.on : subscribed !== null && !mine ? say.taken : say.off;
    if (!on && publicKey === null) standing = say.notOffered;
    else if (!on && !supported) standing = say.unsupported;
    else if (!on && Notification.permission === "denied") standing = say.denied;
    byId("standing").textContent = standing;
    byId("turn-on").hidden = on || publicKey === null || !supported || Notification.permission === "denied";
    byId("turn-off").hidden = !on;
    showDevices();
    showNews();
    byId("log-in").hidden = true;
    for (const id of ["this-device", "told", "log-out"]) byId(id).hidden = false;
  }

  function element(name, text, attributes = {}) {
    const made = Object.assign(document.createElement(name), attributes);
    made.textContent = text;
    return made;
  }

  function when(instant) {
    const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    return element("time", format.format(new Date(instant)), { dateTime: instant });
  }

  function showDevices() {
    const others = me.devices.filter((device) => device.id !== here);
    const lines = others.map((device) => {
      const line = document.createElement("li");
      const remove = element("button", say.remove, { type: "button", className: "quiet" });
      remove.setAttribute("aria-label", `${say.remove}: ${device.name ?? say.unnamed}`);
      remove.addEventListener("click", () => doing(remove, async () => {
        await ask(removeMutation, { id: device.id });
        await load();
        await show();
      }));
      line.append(element("span", device.name ?? say.unnamed), when(device.registeredAt), remove);
      return line;
    });
    byId("devices").replaceChildren(...lines);
    byId("others").hidden = lines.length === 0;
  }

  function showNews() {
    const lines = (me.notifications?.nodes ?? []).map((told) => {
      const line = element("li", "", { className: told.read ? "" : "new" });
      line.append(element("span", told.text), when(told.toldAt));
      return line;
    });
    byId("news").replaceChildren(...(lines.length ? lines : [element("li", say.nothing)]));
  }

  function showSignedOut() {
    me = here = null;
    for (const id of ["this-device", "others", "told", "log-out"]) byId(id).hidden = true;
    byId("news").replaceChildren();
    byId("devices").replaceChildren();
    byId("log-in").hidden = false;
  }

  // Reads who is logged in, if anybody; says why where somebody is who gets no notifications.
  async function load() {
    const result = await ask(whoQuery);
    const codes = (result.errors ?? []).map((error) => error.extensions?.code);
    me = result.data?.me ?? null;
    const portal = result.data?.portal ?? (await ask(portalQuery)).data?.portal;
    publicKey = portal?.pushPublicKey ?? null;
    byId("district").textContent = portal?.districtName ?? "";
    if (me === null && !codes.includes("UNAUTHENTICATED")) tell(messageOf(result) || say.noAnswer, true);
    return me !== null;
  }

  async function doing(button, work) {
    button.disabled = true;
    try {
      await work();
    } catch (problem) {
      tell(problem.message, true);
    } finally {
      button.disabled = false;
    }
  }

  byId("log-in").addEventListener("submit", (event) => {
    event.preventDefault();
    const button = byId("log-in").querySelector("button");
    if (button.disabled) return;
    doing(button, async () => {
      tell(say.loggingIn);
      const input = { username: byId("username").value, password: byId("password").value, client: "WEB" };
      const result = await ask(logInMutation, { input });
      byId("password").value = "";
      const outcome = result.data?.logIn;
      if (outcome?.__typename !== "LogInSuccess") throw new Error(outcome?.message || messageOf(result) || say.noAnswer);
      tell("");
      if (await load()) await show();
    });
  });

  byId("turn-on").addEventListener("click", () => doing(byId("turn-on"), async () => {
    tell("");
    // Asked only now: a browser that is asked at once says no for good.
    if ((await Notification.requestPermission()) === "granted") {
      const subscribed = await subscribe().catch(() => {
        throw new Error(say.failed);
      });
      await enroll(subscribed);
      await load();
    }
    await show();
  }));

  byId("turn-off").addEventListener("click", () => doing(byId("turn-off"), async () => {
    await ask(removeMutation, { id: here });
    await forget();
    await load();
    await show();
  }));

  async function forget() {
    here = null;
    kept(null);
    await (await subscription().catch(() => null))?.unsubscribe();
  }

  byId("log-out").addEventListener("click", () => doing(byId("log-out"), async () => {
    const result = await ask(logOutMutation);
    if (!result.data?.logOut) throw new Error(messageOf(result) || say.noAnswer);
    if (here !== null) await forget();
    showSignedOut();
    tell(say.loggedOut);
    byId("username").focus();
  }));

  document.documentElement.lang = language;
  document.title = say.title;
  for (const each of document.querySelectorAll("[data-says]")) each.textContent = say[each.dataset.says];
  load()
    .then((signedIn) => (signedIn ? show() : showSignedOut()))
    .catch((problem) => {
      showSignedOut();
      tell(problem.message, true);
    });
})();
