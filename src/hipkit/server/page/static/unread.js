// Unread messages: counts in the list and in the title, how far this window has read, and the
// browser's notifications, if they are wanted.
"use strict";

(() => {
  const MARK_SECONDS = 10;
  const MOST = 100; // As in services/messages/unread.py.
  const NOTICES = "hipkit.notices";

  const list = document.getElementById("conversations");
  if (!list) return;
  const opened = document.getElementById("messages")?.dataset ?? null;
  const path = location.pathname;
  let plainTitle = document.title.replace(/^\(\d+\+?\) /, "");

  const linkTo = (address) => list.querySelector(`a[href="${CSS.escape(address)}"]`);
  const links = () => list.querySelectorAll("a[data-count]");
  const shown = (count) => (count >= MOST ? `${MOST - 1}+` : String(count));

  // -- Counts ----------------------------------------------------------------------------------

  function setCount(link, count, loud) {
    const isLouder = loud > Number(link.dataset.loud);
    link.dataset.count = count;
    link.dataset.loud = loud;
    link.classList.toggle("unread", count > 0);
    link.classList.toggle("loud", loud > 0);
    const mark = link.querySelector(".count");
    mark.hidden = !count;
    mark.querySelector("b").textContent = shown(count);
    mark.querySelector(".sr").textContent = ` unread${loud ? ", for your attention" : ""}`;
    return isLouder;
  }

  function setTime(link, sentUs) {
    if (!sentUs) return;
    let time = link.querySelector("time");
    if (!time) {
      time = document.createElement("time");
      time.className = "ago";
      link.querySelector(".count").before(time);
    }
    time.dateTime = new Date(sentUs / 1000).toISOString();
    hipkit.showTimes(link);
    moveUp(link);
  }

  function moveUp(link) {
    const rooms = link.closest("ul");
    // What is being used stays where it is.
    const isInUse = rooms.matches(":hover") || rooms.contains(document.activeElement);
    const isNewestFirst = list.dataset.sorting === "newest" || link.pathname.startsWith("/chats/");
    if (isNewestFirst && !isInUse) rooms.prepend(link.parentElement);
  }

  function showTotal() {
    let total = 0;
    for (const link of links()) total += Number(link.dataset.count);
    document.title = total ? `(${shown(total)}) ${plainTitle}` : plainTitle;
    const mark = document.getElementById("unread");
    mark.hidden = !total;
    mark.querySelector("b").textContent = shown(total);
  }

  // -- How far this window has read ------------------------------------------------------------

  const isSeen = () => Boolean(hipkit.isSeen?.());
  let readUs = 0;
  let markedUs = 0;
  let timer = 0;

  function mark() {
    clearTimeout(timer);
    timer = 0;
    if (readUs <= markedUs) return;
    markedUs = readUs;
    const fields = new URLSearchParams(opened.feed.split("?")[1]);
    fields.set("at", readUs);
    fields.set("quiet", "1");
    // Sent even if the page is left meanwhile.
    navigator.sendBeacon("/read", fields);
    timer = setTimeout(mark, MARK_SECONDS * 1000);
  }

  function read(sentUs) {
    const link = linkTo(path);
    if (link) setCount(link, 0, 0);
    showTotal();
    readUs = Math.max(readUs, Number(sentUs));
    if (!timer) mark();
  }

  addEventListener("pagehide", mark);
  document.addEventListener("visibilitychange", () => { if (document.hidden) mark(); });

  // -- Notifications ---------------------------------------------------------------------------

  const mayNotify = () =>
    globalThis.Notification?.permission === "granted" && localStorage.getItem(NOTICES) === "on";

  async function isSeenElsewhere(address) {
    // Where there are notifications, there are locks: both need TLS or this machine.
    const { held } = await navigator.locks.query();
    return held.some((lock) => lock.name === `seen ${address}`);
  }

  async function notify(link, sentUs) {
    const address = link.pathname;
    if (!mayNotify() || await isSeenElsewhere(address)) return;
    // The server answers those only who may read it.
    const answer = await fetch(`${address}/history?after=${sentUs - 1}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) return;
    const piece = document.createElement("template");
    piece.innerHTML = await answer.text();
    const message = piece.content.querySelector(".message");
    if (!message) return;
    const name = message.querySelector(".sender")?.textContent.trim() ?? "";
    const text = message.querySelector(".matter")?.textContent.trim().replace(/\s+/g, " ").slice(0, 200) ?? "";
    // Windows that notify of the same message replace each other's notification.
    const notice = new Notification(link.querySelector(".room-name").textContent, {
      body: `${name}: ${text}`,
      tag: address,
      icon: document.querySelector("link[rel=icon]")?.href,
    });
    notice.onclick = () => {
      focus();
      if (address !== path) location.assign(address);
      notice.close();
    };
  }

  let release = null;
  function lockWhileSeen() {
    // Other windows of this browser do not notify of what this one shows.
    const isNow = isSeen();
    if (isNow && !release) {
      navigator.locks?.request(`seen ${path}`, { mode: "shared" }, () => new Promise((done) => { release = done; }));
      release ??= () => {};
    } else if (!isNow && release) {
      release();
      release = null;
    }
  }
  document.addEventListener("visibilitychange", lockWhileSeen);

  function showChoice() {
    const choice = document.getElementById("notices");
    if (!choice) return;
    const isPossible = "Notification" in globalThis && isSecureContext;
    const button = choice.querySelector("button");
    const state = choice.querySelector("[aria-live]");
    button.hidden = !isPossible;
    button.textContent = mayNotify() ? "Switch off" : "Switch on";
    state.textContent = !isPossible
      ? "This browser shows notifications only of pages with TLS."
      : mayNotify()
        ? "On in this browser."
        : Notification.permission === "denied"
          ? "Off: your browser does not allow them to this page."
          : "Off in this browser.";
    button.onclick = async () => {
      if (mayNotify()) {
        localStorage.removeItem(NOTICES);
      } else if (await Notification.requestPermission() === "granted") {
        localStorage.setItem(NOTICES, "on");
      }
      showChoice();
    };
  }

  // -- What the stream and the open conversation report ----------------------------------------

  function update(address, [count, loud, sentUs]) {
    const link = linkTo(address);
    if (!link) return false;
    setTime(link, sentUs);
    if (address === path && isSeen()) return true;
    if (setCount(link, count, loud) && sentUs) notify(link, sentUs);
    return true;
  }

  hipkit.unread = {
    mayNotify,

    // Sets the counts of all conversations: those that are not named have nothing unread.
    replace(counts) {
      for (const link of links()) {
        if (!(link.pathname in counts)) setCount(link, 0, 0);
      }
      this.change(counts);
    },

    change(counts) {
      const known = Object.entries(counts).map(([address, one]) => update(address, one));
      // One is not in the list yet, such as a new chat.
      if (known.includes(false)) htmx.trigger(list, "renew");
      showTotal();
    },

    // Counts a new message of the open conversation.
    add(message) {
      const link = linkTo(path);
      if (!link) return;
      const sentUs = Number(message.dataset.sent);
      setTime(link, sentUs);
      const isOwn = message.matches(".said") && message.dataset.sender === `user ${opened.person}`;
      if (isSeen() || isOwn || message.matches(".event")) return;
      const isLoud = path.startsWith("/chats/") || message.matches("[data-notify], :has(.mention.own)");
      const { count, loud } = link.dataset;
      const isLouder = setCount(link, Number(count) + 1, Number(loud) + (isLoud ? 1 : 0));
      if (isLouder) notify(link, sentUs);
      showTotal();
    },

    // Notes that the open conversation has been read up to a message.
    read(sentUs) {
      read(sentUs);
      lockWhileSeen();
    },
  };

  list.addEventListener("htmx:afterSwap", () => {
    hipkit.showTimes(list);
    const link = linkTo(path);
    if (link && isSeen()) setCount(link, 0, 0);
    showTotal();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "room-title") return;
    plainTitle = `${event.target.querySelector("h1").textContent.trim()} · hipkit`;
    showTotal();
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    // A topic that is being written stays.
    if (event.detail.target.matches("form")) event.detail.shouldSwap = false;
  });
  // At midnight, "today" ends.
  setInterval(() => hipkit.showTimes(list), 60_000);
  showTotal();
  showChoice();
})();
