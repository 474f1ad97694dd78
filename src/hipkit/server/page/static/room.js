// A room's messages: new ones as they are sent, others as the reader scrolls to them.
// The log is laid out from its bottom up (room.css), so messages added above move nothing.
"use strict";

(() => {
  const MOST_MESSAGES = 1000;
  const BLOCK_MINUTES = 5;
  const AT_BOTTOM_PIXELS = 40;

  const sidebar = document.getElementById("rooms");
  function showCurrent() {
    const current = sidebar.querySelector("[aria-current]");
    if (!current) return;
    // Not by scrollIntoView, behind whose element Tab would begin.
    const inner = current.getBoundingClientRect();
    const outer = sidebar.getBoundingClientRect();
    if (inner.bottom > Math.min(outer.bottom, innerHeight)) {
      sidebar.scrollTop += inner.top - outer.top - outer.height / 2;
    }
  }
  if (sidebar) {
    showCurrent();
    sidebar.addEventListener("toggle", showCurrent);
  }

  const log = document.getElementById("log");
  if (!log) return;
  const messages = document.getElementById("messages");
  const newest = document.getElementById("newest");
  const announcement = document.getElementById("announcement");
  const { feed, read } = messages.dataset;
  const all = () => messages.querySelectorAll(".message");
  const edgeOf = (name) => messages.querySelector(`.edge.${name}`);

  // -- Looks -----------------------------------------------------------------------------------

  function arrange() {
    // Days begin at midnight in the reader's time zone, which only the browser knows.
    let before = null;
    markFirstNew();
    for (const message of all()) {
      const date = new Date(Number(message.dataset.sent) / 1000);
      const name = date.toDateString();
      const isNewDay = before?.name !== name;
      const line = message.previousElementSibling;
      if (isNewDay && !line?.classList.contains("day")) {
        message.before(dayLine(date));
      } else if (!isNewDay && line?.classList.contains("day")) {
        line.remove();
      }
      const isFirstNew = message.previousElementSibling?.matches(".first-new");
      const isSame = before?.sender === message.dataset.sender && !isNewDay && !isFirstNew;
      const isSoon = date - (before?.date ?? 0) < BLOCK_MINUTES * 60_000;
      message.classList.toggle("follows", isSame && isSoon && message.matches(".said, .notification"));
      before = { name, date, sender: message.matches(".event") ? null : message.dataset.sender };
    }
  }

  function markFirstNew() {
    // Where the reader had come to when the page was opened, once that is among what is loaded.
    if (!read || messages.querySelector(".first-new")) return;
    const shown = [...all()];
    const place = shown.findIndex((one) => Number(one.dataset.sent) > Number(read));
    if (place < 0 || (place === 0 && edgeOf("older"))) return;
    const line = document.createElement("p");
    line.className = "first-new";
    line.textContent = "New messages";
    const above = shown[place].previousElementSibling;
    (above?.matches(".day") ? above : shown[place]).before(line);
  }

  function dayLine(date) {
    const line = document.createElement("h2");
    line.className = "day";
    line.textContent = hipkit.dayOf(date);
    return line;
  }

  function enhance(root) {
    hipkit.showTimes(root);
    const own = messages.dataset.person;
    for (const mention of root.querySelectorAll(".mention")) {
      const isOwn = "everybody" in mention.dataset || mention.dataset.person === own;
      mention.classList.toggle("own", Boolean(own) && isOwn);
    }
  }

  // -- Place -----------------------------------------------------------------------------------

  const isAtBottom = () => log.scrollTop > -AT_BOTTOM_PIXELS;

  function keepingPlace(change) {
    if (isAtBottom() && !edgeOf("newer")) {
      change();
      log.scrollTop = 0;
      return;
    }
    const top = log.getBoundingClientRect().top;
    const anchor = [...all()].find((one) => one.getBoundingClientRect().bottom > top);
    const place = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) log.scrollTop += anchor.getBoundingClientRect().top - place;
  }

  function setEdge(name, sentUs) {
    edgeOf(name)?.remove();
    const edge = document.getElementById(`edge-${name}`).content.firstElementChild.cloneNode(true);
    const reach = edge.querySelector(".reach");
    const link = edge.querySelector("a");
    reach.setAttribute("hx-get", reach.getAttribute("hx-get").replace(/\d+$/, sentUs));
    link.href = link.getAttribute("href").replace(/\d+$/, sentUs);
    if (name === "older") messages.prepend(edge);
    else messages.append(edge);
    // Not before the next frame: the edge may be near only until the place is set right again.
    requestAnimationFrame(() => requestAnimationFrame(() => htmx.process(edge)));
  }

  // Only some of a long history is kept; its ends load again when they come into view.
  function trim(end) {
    const parts = [...messages.querySelectorAll(".part")];
    if (end === "newer") parts.reverse();
    let count = all().length;
    let isCut = false;
    while (parts.length > 1 && count - parts[0].childElementCount >= MOST_MESSAGES) {
      const part = parts.shift();
      count -= part.querySelectorAll(".message").length;
      part.remove();
      isCut = true;
    }
    if (!isCut) return;
    const left = all();
    const last = end === "older" ? left[0] : left[left.length - 1];
    setEdge(end, last.dataset.sent);
    if (end === "newer") follow();
  }

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const edge = event.detail.target;
    if (!edge.classList?.contains("edge") || !event.detail.shouldSwap || event.detail.isError) return;
    event.detail.shouldSwap = false;
    const isOlder = edge.classList.contains("older");
    const piece = document.createElement("template");
    piece.innerHTML = event.detail.serverResponse;
    enhance(piece.content);
    keepingPlace(() => {
      const added = [...piece.content.children];
      edge.replaceWith(piece.content);
      arrange();
      trim(isOlder ? "newer" : "older");
      for (const one of added) if (one.matches(".edge")) htmx.process(one);
    });
    follow();
    showNewest();
  });

  // -- New messages ----------------------------------------------------------------------------

  let waiting = [];
  let timer = 0;
  let unseen = 0;

  const stream = {
    address() {
      const shown = all();
      const last = shown.length ? shown[shown.length - 1].dataset.sent : messages.dataset.last;
      return `${feed}${feed.includes("?") ? "&" : "?"}after=${last}`;
    },
    message(html) {
      waiting.push(html);
      // Messages that arrive together are added together. A timer, as a hidden page has no frames.
      if (!timer) timer = setTimeout(addWaiting, 30);
    },
  };

  function follow() {
    // While newer messages are not loaded, a new one would be shown in the wrong place.
    hipkit.feed.follow(edgeOf("newer") ? null : stream);
  }

  function addWaiting() {
    timer = 0;
    const piece = document.createElement("template");
    piece.innerHTML = waiting.join("");
    waiting = [];
    for (const message of piece.content.querySelectorAll(".message")) {
      if (document.getElementById(message.id)) message.remove();
    }
    const added = [...piece.content.children];
    if (!added.length) return;
    enhance(piece.content);
    const wasAtBottom = isAtBottom();
    keepingPlace(() => {
      messages.querySelector(".nothing")?.remove();
      let part = messages.querySelector(".part:last-of-type");
      if (!part || part.childElementCount >= 50) {
        part = document.createElement("section");
        part.className = "part";
        messages.append(part);
      }
      part.append(piece.content);
      arrange();
      if (wasAtBottom) trim("older");
      else trim("newer");
    });
    if (!wasAtBottom) unseen += added.length;
    for (const message of added) hipkit.unread?.add(message);
    showNewest();
    announce(added);
  }

  function announce(added) {
    const last = added[added.length - 1];
    const name = last.querySelector(".sender")?.textContent ?? "";
    const text = last.querySelector(".matter")?.innerText.trim().slice(0, 200) ?? "";
    const more = added.length > 1 ? `${added.length} new messages. ` : "";
    announcement.textContent = `${more}${name}: ${text}`;
  }

  function showNewest() {
    if (isAtBottom()) unseen = 0;
    newest.hidden = isAtBottom() && !edgeOf("newer");
    newest.textContent = unseen
      ? `${unseen} new message${unseen === 1 ? "" : "s"}`
      : "Newest messages";
    markRead();
  }

  newest.addEventListener("click", (event) => {
    if (edgeOf("newer")) return; // The link loads the page anew.
    event.preventDefault();
    log.scrollTop = 0;
    log.focus();
    showNewest();
  });
  log.addEventListener("scroll", showNewest, { passive: true });

  // Read is what stands at the end of the log while the page is looked at.
  hipkit.isSeen = () => !document.hidden && isAtBottom() && !edgeOf("newer");

  function markRead() {
    const shown = all();
    if (shown.length && hipkit.isSeen()) hipkit.unread?.read(shown[shown.length - 1].dataset.sent);
  }

  document.addEventListener("visibilitychange", markRead);

  // -- Beginning -------------------------------------------------------------------------------

  enhance(messages);
  arrange();
  const wanted = messages.dataset.at && document.getElementById(messages.dataset.at);
  if (wanted) {
    wanted.classList.add("wanted");
    wanted.scrollIntoView({ block: "center" });
  }
  showNewest();
  follow();
})();
