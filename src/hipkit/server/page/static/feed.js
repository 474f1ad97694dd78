// The stream of this window: one connection for the open conversation's messages, unread counts,
// and names of the parts that changed, which htmx then fetches again.
"use strict";

(() => {
  const HIDDEN_MINUTES = 10;
  const REST_SECONDS = 60;
  const RETRY_SECONDS = 10;

  const list = document.getElementById("conversations"); // Who is not signed in has none.
  const lost = document.getElementById("lost");
  const PARTS = { rooms: "conversations", people: "people", head: "room-title", glances: "glances" };

  let source = null;
  let conversation = null; // Of the open conversation: its address() and message(html).
  let wasOpen = false;
  let restTimer = 0;
  let restInterval = 0;
  let releaseLock = null; // While this hidden page is the one that keeps its connection.

  function renew(parts) {
    for (const part of parts) {
      const place = document.getElementById(PARTS[part]);
      if (place) htmx.trigger(place, "renew");
    }
  }

  function open() {
    if (source || (restInterval && !releaseLock)) return;
    const address = conversation?.address() ?? (list && "/feed?");
    if (!address) return;
    // The first time the server also names what changed since it rendered the page.
    const seen = list && !wasOpen ? `&seen=${list.dataset.seen}` : "";
    source = new EventSource(address + seen);
    source.onmessage = (event) => conversation.message(event.data);
    source.addEventListener("unread", (event) => hipkit.unread?.replace(JSON.parse(event.data)));
    source.addEventListener("counts", (event) => hipkit.unread?.change(JSON.parse(event.data)));
    source.addEventListener("changed", (event) => renew(event.data.split(" ")));
    source.addEventListener("gap", () => location.assign(location.pathname));
    source.addEventListener("replaced", () => {
      // Too many pages are open, and this one is the oldest: it continues when it is used again.
      close();
      showLost(true);
    });
    source.onopen = () => {
      showLost(false);
      // The server named nothing that changed while there was no connection.
      if (wasOpen) renew(Object.keys(PARTS));
      wasOpen = true;
    };
    source.onerror = () => {
      showLost(true);
      if (source?.readyState !== EventSource.CLOSED) return;
      // Rejected: access has ended, which the page says when it is loaded, or the server is full.
      close();
      setTimeout(open, RETRY_SECONDS * 1000);
    };
  }

  function close() {
    source?.close();
    source = null;
  }

  function showLost(isLost) {
    if (lost) lost.hidden = !isLost;
  }

  // A browser opens few connections to one server: a page that is hidden for long closes its own,
  // and asks now and then what its title has to count. If notifications are wanted, one of the
  // hidden pages keeps its connection.
  function tryLock() {
    if (!hipkit.unread?.mayNotify() || !navigator.locks) return Promise.resolve(false);
    return new Promise((known) => {
      navigator.locks.request("hipkit stream", { ifAvailable: true }, (lock) => {
        known(Boolean(lock));
        return lock && new Promise((done) => { releaseLock = done; });
      });
    });
  }

  async function restUnlessLocked() {
    if (releaseLock) return;
    await tryLock();
    if (!document.hidden) wakeUp();
    else if (releaseLock) open();
    else {
      close();
      renew(["rooms"]);
    }
  }

  function wakeUp() {
    clearInterval(restInterval);
    restInterval = 0;
    releaseLock?.();
    releaseLock = null;
    open();
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(restTimer);
    if (document.hidden) {
      restTimer = setTimeout(() => {
        restInterval = setInterval(restUnlessLocked, REST_SECONDS * 1000);
        restUnlessLocked();
      }, HIDDEN_MINUTES * 60_000);
    } else {
      wakeUp();
    }
  });
  addEventListener("focus", open);

  hipkit.feed = {
    // Follows a conversation, or with `null` only what happens elsewhere.
    follow(next) {
      if (source && next === conversation) return;
      conversation = next;
      close();
      open();
    },
  };

  document.addEventListener("DOMContentLoaded", open);
})();
