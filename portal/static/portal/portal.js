// What the pages can do beyond HTML and htmx. Every page is complete without this file.
"use strict";

const root = document.documentElement;
const say = (text) => {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts")?.append(toast);
  setTimeout(() => toast.remove(), 4000);
};

// ── Showing what only works with scripts ────────────────────────────────────
const unhide = (where) => where.querySelectorAll("[data-close][hidden], [data-theme-switch][hidden]").forEach((it) => (it.hidden = false));

// ── Copying ─────────────────────────────────────────────────────────────────
const select = (element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};
const copy = async (text, element) => {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch {
    if (element) select(element);
    say(element ? "Selected: copy it with your keyboard" : "This browser does not let the page copy");
  }
};
const downloadEnv = (element) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`ALTER_API_KEY=${element.textContent}\n`], { type: "text/plain" }));
  link.download = ".env";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// ── Dialogs ─────────────────────────────────────────────────────────────────
let opener = null;
const openDialog = (dialog) => {
  if (!dialog || dialog.matches(":modal")) return;
  opener = document.activeElement;
  dialog.removeAttribute("open");
  dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("h2[tabindex]"))?.focus();
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus();
  });
};

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
  const on = event.target.closest("[data-theme-switch], [data-copy], [data-copy-from], [data-download-env], [data-close]");
  if (!on) return;
  const from = document.getElementById(on.dataset.copyFrom ?? on.dataset.downloadEnv ?? "");
  if ("themeSwitch" in on.dataset) {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    localStorage.setItem("theme", (root.dataset.theme = dark ? "light" : "dark"));
  } else if ("downloadEnv" in on.dataset) {
    downloadEnv(from);
  } else if ("close" in on.dataset) {
    const dialog = on.closest("dialog:modal");
    if (dialog) event.preventDefault();
    if (dialog) dialog.close();
    else on.closest("[data-toast]")?.remove();
  } else {
    copy(on.dataset.copy ?? from.textContent, from);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
  const palette = document.querySelector("[data-palette]");
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && palette) {
    event.preventDefault();
    palette.click();
  }
});

// ── Forms ───────────────────────────────────────────────────────────────────
// A button rests while its form is on the way; a page that comes back from the browser's cache wakes it.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return;
  setTimeout(() => event.target.querySelectorAll("button:not([type=button])").forEach((it) => (it.disabled = true)));
  if (event.target.id) document.querySelectorAll(`button[form=${event.target.id}]`).forEach((it) => setTimeout(() => (it.disabled = true)));
});
// A whole key pasted into a search box is cut to the part that may be seen, before it reaches an address.
const KEY = /(alter_key_(?:app|agent|derived)_[0-9A-Za-z]{8})[0-9A-Za-z]+/g;
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-cut-keys]")) event.target.value = event.target.value.replace(KEY, "$1");
});

// ── Secrets ─────────────────────────────────────────────────────────────────
addEventListener("pagehide", () => document.querySelectorAll("[data-secret]").forEach((it) => (it.textContent = "")));
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// ── htmx ────────────────────────────────────────────────────────────────────
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "dialog") openDialog(event.detail.target.querySelector("dialog"));
  unhide(document);
});
document.addEventListener("htmx:beforeRequest", () => document.getElementById("progress")?.classList.add("htmx-request"));
document.addEventListener("htmx:afterRequest", () => document.getElementById("progress")?.classList.remove("htmx-request"));
// A refusal comes as an event, so that it can be told wherever the reader is.
document.addEventListener("refused", (event) => say(`${event.detail.message} ${event.detail.hint ?? ""}`));
document.addEventListener("htmx:sendError", () => say("The portal cannot be reached. Nothing was changed."));

unhide(document);
document.querySelector("[data-focus]")?.focus();
