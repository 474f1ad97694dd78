// The composer: Enter sends, and files are chosen, dropped or pasted, and sent one by one.
// Without this it is a form with one file.
"use strict";

(() => {
  const composer = document.querySelector("form.composer");
  if (!composer) return;
  const MOST_FILES = 20;
  const mostBytes = Number(composer.dataset.mostBytes);
  const box = composer.querySelector("textarea");
  const input = composer.querySelector("input[type=file]");
  const chosen = composer.querySelector(".chosen");
  const problem = composer.querySelector(".composer-problem");
  const button = composer.querySelector("button.primary");
  let files = [];
  let sent = null; // What is on its way: its text, and its file or none.

  // A message without a file goes as a plain form, which costs the server less.
  composer.removeAttribute("enctype");
  composer.classList.add("scripted");
  input.multiple = true;

  function showProblem(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  function sizeOf(bytes) {
    const [size, unit] = bytes < 999_500 ? [bytes / 1e3, "KB"] : [bytes / 1e6, "MB"];
    return bytes < 1000 ? `${bytes} bytes` : `${size.toFixed(size < 9.95 ? 1 : 0)} ${unit}`;
  }

  // -- Files -----------------------------------------------------------------------------------

  function add(list) {
    const problems = [];
    for (const file of list) {
      if (file.size > mostBytes) {
        problems.push(`“${file.name}” is too large: ${sizeOf(file.size)}, and a file may have ${sizeOf(mostBytes)}.`);
      } else if (files.length >= MOST_FILES) {
        problems.push(`“${file.name}” was left out: ${MOST_FILES} files can be sent at a time.`);
      } else {
        files.push(file);
      }
    }
    showProblem(problems.slice(0, 3).join(" "));
    show();
    box.focus();
  }

  function show() {
    chosen.replaceChildren(...files.map(rowOf));
    chosen.hidden = !files.length;
  }

  function rowOf(file) {
    const row = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = file.name;
    const size = document.createElement("span");
    size.className = "faint";
    size.textContent = sizeOf(file.size);
    row.append(name, size);
    if (file === sent?.file) {
      const progress = document.createElement("progress");
      progress.max = 1;
      progress.value = 0;
      progress.setAttribute("aria-label", `Sending ${file.name}`);
      row.append(progress);
    }
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "quiet";
    remove.textContent = file === sent?.file ? "Cancel" : "Remove";
    remove.setAttribute("aria-label", `${remove.textContent} ${file.name}`);
    remove.addEventListener("click", () => {
      const isOnItsWay = file === sent?.file;
      files = files.filter((one) => one !== file);
      if (isOnItsWay) htmx.trigger(composer, "htmx:abort");
      show();
      box.focus();
    });
    row.append(remove);
    return row;
  }

  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });

  box.addEventListener("paste", (event) => {
    const { files: pasted, types } = event.clipboardData;
    // Programs that copy text add a picture of it: then the text is meant.
    if (!pasted.length || types.includes("text/plain")) return;
    event.preventDefault();
    add([...pasted].map(named));
  });

  // Browsers call every picture from the clipboard alike.
  function named(file) {
    if (file.name !== "image.png") return file;
    const now = new Date();
    const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString();
    const name = `screenshot-${local.slice(0, 10)}-${local.slice(11, 19).replaceAll(":", "")}.png`;
    return new File([file], name, { type: file.type });
  }

  // Anywhere on the page: beside the composer the browser would open the file instead.
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    composer.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) composer.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    composer.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const folders = items.filter((item) => item.webkitGetAsEntry?.()?.isDirectory);
    const names = new Set(folders.map((item) => item.webkitGetAsEntry().name));
    add([...event.dataTransfer.files].filter((file) => !names.has(file.name)));
    if (names.size) showProblem("A folder cannot be sent, only files.");
  });

  // -- Sending ---------------------------------------------------------------------------------

  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });

  // Before htmx, which listens at the form itself.
  document.addEventListener("submit", (event) => {
    if (event.target !== composer) return;
    if (sent || !(box.value.trim() || files.length)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    sent = { text: box.value, file: files[0] ?? null };
    const transfer = new DataTransfer();
    if (sent.file) transfer.items.add(sent.file);
    input.files = transfer.files;
    if (sent.file) composer.setAttribute("hx-encoding", "multipart/form-data");
    else composer.removeAttribute("hx-encoding");
    input.disabled = !sent.file;
    showProblem("");
    button.disabled = true;
    show();
  }, { capture: true });

  composer.addEventListener("htmx:xhr:progress", (event) => {
    const progress = chosen.querySelector("progress");
    const { lengthComputable, loaded, total } = event.detail;
    if (progress && lengthComputable && total) progress.value = loaded / total;
  });

  composer.addEventListener("htmx:afterRequest", (event) => {
    const { text, file } = sent ?? { text: "", file: null };
    // Not htmx's `successful`: every answer that it shows counts as one, errors too.
    const { status } = event.detail.xhr;
    const isSent = status >= 200 && status < 300;
    sent = null;
    button.disabled = input.disabled = false;
    input.value = "";
    if (isSent) {
      // What was typed meanwhile stays.
      if (box.value.startsWith(text)) box.value = box.value.slice(text.length);
      files = files.filter((one) => one !== file);
      document.getElementById("problem").hidden = true;
    }
    show();
    if (isSent && file && files.length) setTimeout(sendNext);
  });

  function sendNext() {
    // The text went with the first file; what was typed since then waits for its own Enter.
    const typed = box.value;
    box.value = "";
    composer.requestSubmit();
    box.value = typed;
    if (sent) sent.text = "";
  }

  composer.addEventListener("htmx:sendError", () => {
    showProblem("Not sent: the connection to the server is lost. Try again.");
  });
})();
