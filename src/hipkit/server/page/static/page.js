// The page works without this: it copies texts, asks for confirmation, and knows a key.
"use strict";

(() => {
  function showCopyButtons(root) {
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  }

  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(code.textContent);
    } else {
      // Browsers have no clipboard for pages without TLS; selecting and copying still works.
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    const text = button.firstChild;
    text.data = "Copied";
    setTimeout(() => { text.data = "Copy"; }, 2000);
  }

  function dropOldest() {
    // A page that stays open for days would slow the browser down.
    for (const list of document.querySelectorAll("[data-most]")) {
      while (list.childElementCount > Number(list.dataset.most)) list.lastElementChild.remove();
    }
  }

  function enhance(root) {
    hipkit.showTimes(root);
    showCopyButtons(root);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.target.closest?.("form")?.querySelector("[data-cancel]")?.click();
  });
  document.addEventListener("keydown", (event) => {
    const isTyped = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || isTyped) return;
    // In what is shown, or else in all rooms.
    const field = "form[action='/search'] input[type=search]";
    const search = document.querySelector(`main ${field}`) ?? document.querySelector(field);
    if (!search) return;
    event.preventDefault();
    if (!search.checkVisibility()) search.closest("[popover]")?.showPopover();
    search.focus();
    search.select();
  });
  let sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = form.dataset.confirm;
    if (question && !confirm(question)) event.preventDefault();
    if (event.defaultPrevented || form.method !== "post") return;
    // A second click while the answer is on its way sends nothing; htmx has its own way.
    if (sent.has(form)) event.preventDefault();
    sent.add(form);
  });
  // A form that the browser kept, for "Back", may be sent again.
  addEventListener("pageshow", () => { sent = new WeakSet(); });
  document.addEventListener("htmx:beforeRequest", (event) => {
    // A list that is being read or used is not replaced.
    const list = event.detail.elt;
    const isInUse = list.querySelector("details[open]") || list.contains(document.activeElement);
    if (list.matches("[data-renewed]") && isInUse) event.preventDefault();
  });
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  document.addEventListener("htmx:afterSwap", dropOldest);
  enhance(document);
})();
