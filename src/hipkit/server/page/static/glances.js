// Glances whose add-ons are asked for their content. The server signs the address just before;
// what comes back is from strangers, and is shown as text and few tags that are built here.
"use strict";

(() => {
  const ADDRESS_SECONDS = 2;
  const ANSWER_SECONDS = 10;
  const LARGEST_BYTES = 64 * 1024;
  const LONGEST_LABEL = 1000;
  const LONGEST_LOZENGE = 20;
  const MOST_AT_ONCE = 6;
  const TAG = /<(\/?[a-z][^\s/>]*)(?:[^>"']|"[^"]*"|'[^']*')*>/gi;
  const LABEL_TAGS = new Set(["B", "STRONG", "EM", "I"]);
  const WITHOUT_TEXT = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "IFRAME", "OBJECT"]);
  const LOZENGES = new Set(["default", "success", "error", "current", "new", "moved"]);

  const place = document.getElementById("glances");
  const { room } = place.dataset;
  const pictures = place.dataset.pictures.split(" ");
  const answers = place.dataset.answers.split(" ");
  const known = new Map(); // What add-ons answered, or did not, by glance, until they push more.
  const asking = new Set();
  let waiting = [];
  // The policy of this page is as old as the page: a server that came later is not in it.
  const TOO_LATE = new Error("the page has to be loaded again");

  // -- Asking ----------------------------------------------------------------------------------

  function refuse(problem) {
    throw new TypeError(problem);
  }

  async function addressOf(id) {
    const signal = AbortSignal.timeout(ADDRESS_SECONDS * 1000);
    const response = await fetch(`/rooms/${room}/glances/${id}/address`, { signal });
    if (!response.ok) refuse("no address");
    return (await response.json()).url;
  }

  async function readText(response) {
    const reader = response.body.getReader();
    const pieces = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return new Blob(pieces).text();
      size += value.length;
      if (size > LARGEST_BYTES) {
        reader.cancel();
        refuse("too large");
      }
      pieces.push(value);
    }
  }

  async function contentFrom(url) {
    if (!answers.includes(new URL(url).origin)) throw TOO_LATE;
    const response = await fetch(url, {
      signal: AbortSignal.timeout(ANSWER_SECONDS * 1000),
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    if (!response.ok) refuse("an error");
    return checked(JSON.parse(await readText(response)));
  }

  async function isShown(id, metadata) {
    const body = new URLSearchParams({ metadata: metadata ? JSON.stringify(metadata) : "" });
    const signal = AbortSignal.timeout(ADDRESS_SECONDS * 1000);
    const path = `/rooms/${room}/glances/${id}/shown`;
    const response = await fetch(path, { method: "POST", body, signal });
    if (!response.ok) refuse("not known");
    return (await response.json()).shown;
  }

  async function answerOf(glance) {
    const id = glance.dataset.glance;
    try {
      const content = await contentFrom(await addressOf(id));
      const shown = !("depends" in glance.dataset) || await isShown(id, content.metadata);
      return { content, shown };
    } catch (error) {
      // It gets an error mark, whatever its conditions are.
      return { shown: true, isTooLate: error === TOO_LATE };
    }
  }

  async function ask(glance) {
    const { glance: id, pushed } = glance.dataset;
    asking.add(id);
    known.set(id, { ...await answerOf(glance), pushed });
    asking.delete(id);
    // The list may have been fetched again meanwhile.
    const current = document.getElementById(glance.id);
    if (current) show(current);
    askNext();
  }

  function askNext() {
    while (asking.size < MOST_AT_ONCE && waiting.length) ask(waiting.shift());
  }

  // -- Checking --------------------------------------------------------------------------------

  const isText = (value, most) => typeof value === "string" && value.length > 0 && value.length <= most;
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

  function checked(content) {
    const { label, status, metadata } = content;
    if (label.type !== "html" || !isText(label.value, LONGEST_LABEL)) refuse("no label");
    if (status && !isStatus(status)) refuse("an odd status");
    if (metadata && !isObject(metadata)) refuse("odd metadata");
    return { label: label.value, status, metadata };
  }

  function isStatus({ type, value }) {
    if (type === "lozenge") return LOZENGES.has(value.type) && isText(value.label, LONGEST_LOZENGE);
    return type === "icon" && isWeb(value.url) && isWeb(value["url@2x"]);
  }

  function isWeb(address) {
    return typeof address === "string" && /^https?:\/\//i.test(address) && URL.canParse(address);
  }

  // -- Showing ---------------------------------------------------------------------------------

  // The parser's document runs and loads nothing; only texts and the names of four tags leave it.
  // Attributes and styles are taken out before, as browsers report them to the policy even there.
  function labelOf(html) {
    const bare = html.replace(TAG, "<$1>").replace(/<(\/?)style>/gi, "<$1template>");
    const label = document.createDocumentFragment();
    addCopy(label, new DOMParser().parseFromString(bare, "text/html").body);
    return label;
  }

  function addCopy(target, source) {
    for (const node of source.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) target.append(node.data);
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const name = node.tagName.toUpperCase();
      if (LABEL_TAGS.has(name)) {
        const copy = document.createElement(name);
        addCopy(copy, node);
        target.append(copy);
      } else if (!WITHOUT_TEXT.has(name)) {
        addCopy(target, node);
      }
    }
  }

  function statusOf({ type, value }) {
    if (type === "lozenge") {
      const lozenge = document.createElement("bdi");
      lozenge.className = `lozenge lozenge-${value.type}`;
      lozenge.textContent = value.label;
      return lozenge;
    }
    return pictureOf(value.url, value["url@2x"]);
  }

  function pictureOf(url, url2x) {
    const icon = new Image(16, 16);
    icon.className = "icon";
    icon.alt = "";
    icon.referrerPolicy = "no-referrer";
    const source = devicePixelRatio > 1 && mayLoad(url2x) ? url2x : url;
    // A picture from elsewhere would tell its server who looks; the policy stops it anyway.
    if (!mayLoad(source)) return "";
    // Cookies are the same for all ports of a host: this page's are not for an add-on beside it.
    if (new URL(source).hostname === location.hostname) icon.crossOrigin = "anonymous";
    icon.src = source;
    return icon;
  }

  const mayLoad = (url) => isWeb(url) && pictures.includes(new URL(url).origin);

  function loadPictures() {
    for (const mark of place.querySelectorAll("[data-url]")) {
      mark.replaceWith(pictureOf(mark.dataset.url, mark.dataset.double));
    }
  }

  function show(glance) {
    const { glance: id, pushed } = glance.dataset;
    const answer = known.get(id);
    // What was pushed since it was asked is newer than the answer.
    if (!answer || answer.pushed !== pushed) return;
    glance.hidden = !answer.shown;
    glance.classList.toggle("failed", !answer.content);
    glance.querySelector(".failure")?.remove();
    const { content } = answer;
    glance.querySelector(".label").replaceChildren(content ? labelOf(content.label) : "");
    glance.querySelector(".status").replaceChildren(content?.status ? statusOf(content.status) : "");
    if (!content) glance.append(failure(glance));
    showPlace();
  }

  function failure(glance) {
    const mark = document.createElement("span");
    mark.className = "failure";
    const name = glance.querySelector(".name").textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small quiet";
    button.textContent = "Retry";
    button.title = "The add-on did not answer as it should";
    button.setAttribute("aria-label", `Retry ${name}: the add-on did not answer as it should`);
    mark.append("⚠ ", button);
    return mark;
  }

  function showPlace() {
    place.hidden = !place.querySelector(".glance:not([hidden])");
  }

  function showAll() {
    loadPictures();
    const asked = [...place.querySelectorAll("[data-asked]")];
    asked.forEach(show);
    waiting = asked.filter(({ dataset: { glance: id } }) => !known.has(id) && !asking.has(id));
    showPlace();
    askNext();
  }

  place.addEventListener("click", (event) => {
    const button = event.target.closest(".failure button");
    if (!button) return;
    const glance = button.closest(".glance");
    if (known.get(glance.dataset.glance).isTooLate) {
      location.reload();
      return;
    }
    button.disabled = true;
    ask(glance);
  });
  place.addEventListener("htmx:afterSwap", showAll);
  showAll();
})();
