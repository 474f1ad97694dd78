// The stream of this window: one connection for the open conversation's messages, unread counts,
// and names of the parts that changed, which htmx then fetches again.
"use strict";

(() => {
  const HIDDEN_MINUTES = 10;
  const REST_SECONDS = 60;
  const RETRY_SECONDS = 10;

  const list = document.getElementById("conversations"); // Who is not signed in has none.
  const lost = document.getElementById("lost");
  const PARTS = { rooms: "conversations", people: "people", head: "room-title" };

  let source = null;
  let conversation = null; // Of the open conversation: its address() and message(html).
  let wasOpen = false;
  let rest = 0;
  let resting = 0;
  let letGo = null;

  function renew(parts) {
    for (const part of parts) {
      const place = document.getElementById(PARTS[part]);
      if (place) htmx.trigger(place, "renew");
    }
  }

  function open() {
    if (source || (resting && !letGo)) return;
    const address = conversation?.address() ?? (list && "/feed?");
    if (!address) return;
    // What changed since the page was read is told too, the first time.
    const seen = list && !wasOpen ? `&seen=${list.dataset.seen}` : "";
    source = new EventSource(address + seen);
    source.onmessage = (event) => conversation.message(event.data);
    source.addEventListener("unread", (event) => hipkit.unread?.all(JSON.parse(event.data)));
    source.addEventListener("counts", (event) => hipkit.unread?.some(JSON.parse(event.data)));
    source.addEventListener("changed", (event) => renew(event.data.split(" ")));
    source.addEventListener("gap", () => location.assign(location.pathname));
    source.addEventListener("replaced", () => {
      // Too many pages are open, and this one is the oldest: it continues when it is used again.
      close();
      showLost(true);
    });
    source.onopen = () => {
      showLost(false);
      // What changed while there was no connection was not told.
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

  // A browser opens few connections to one server: a page that is hidden for long gives its own
  // up, and asks now and then what its title has to count. If notifications are wanted, one of
  // the hidden pages keeps its connection.
  function keep() {
    if (!hipkit.unread?.mayNotify() || !navigator.locks) return Promise.resolve(false);
    return new Promise((known) => {
      navigator.locks.request("hipkit stream", { ifAvailable: true }, (lock) => {
        known(Boolean(lock));
        return lock && new Promise((done) => { letGo = done; });
      });
    });
  }

  async function restOrKeep() {
    if (letGo) return;
    await keep();
    if (!document.hidden) wakeUp();
    else if (letGo) open();
    else {
      close();
      renew(["rooms"]);
    }
  }

  function wakeUp() {
    clearInterval(resting);
    resting = 0;
    letGo?.();
    letGo = null;
    open();
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(rest);
    if (document.hidden) {
      rest = setTimeout(() => {
        resting = setInterval(restOrKeep, REST_SECONDS * 1000);
        restOrKeep();
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
