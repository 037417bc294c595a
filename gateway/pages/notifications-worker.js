// The service worker of the page of notifications: shows what arrives by push, and opens the portal where it is tapped.
"use strict";

const ENDPOINT = "/graphql";
const PAGE = "/notifications";
const register = `mutation Register($input: RegisterDeviceInput!) {
  registerDevice(input: $input) { __typename }
}`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// A browser takes a push away from a page that shows nothing for it, so even one that cannot be read shows something.
self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json().notification;
  } catch {
    // What it was is in the portal.
  }
  const { title = "", body = "", navigate = PAGE, tag = "", dir = "auto" } = told ?? {};
  const shown = self.registration.showNotification(title || "Homeroom", { body, tag, dir, data: { navigate } });
  event.waitUntil(shown);
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.navigate));
});

// Only pages of this portal are opened, whatever a message says; one that is open already comes to the front.
async function open(navigate) {
  let url = new URL(PAGE, self.location.origin);
  try {
    const wanted = new URL(navigate, self.location.origin);
    if (wanted.origin === self.location.origin) url = wanted;
  } catch {
    // No address: the page of notifications it is.
  }
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((each) => each.url === url.href);
  if (there) return there.focus();
  return self.clients.openWindow(url.href);
}

// The browser's push service has given it another address: it is registered as long as somebody is logged in here, and
// otherwise with the next visit to the page.
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event.oldSubscription, event.newSubscription));
});

async function renew(before, given) {
  const options = before?.options;
  const now = given ?? (options && (await self.registration.pushManager.subscribe(options)));
  if (!now) return;
  const { endpoint, keys } = now.toJSON();
  const input = { platform: "WEB_PUSH", webPush: { endpoint, p256dh: keys.p256dh, auth: keys.auth } };
  await fetch(ENDPOINT, {
    method: "POST",
    mode: "same-origin",
    credentials: "same-origin",
    headers: { "content-type": "application/json", "graphql-require-preflight": "1" },
    body: JSON.stringify({ query: register, variables: { input } }),
  });
}
