// What the pages can do beyond HTML and htmx. Every page is complete without this file.
"use strict";

const root = document.documentElement;
const toasts = document.getElementById("toasts");
// A modal dialog silences everything outside it, so the notices follow the reader into it and out again.
const placeToasts = () => toasts && (document.querySelector("dialog:modal") ?? document.body).append(toasts);
// Good news goes away by itself; bad news stays until it is closed.
const say = (text, stays = false) => {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (stays) toast.append(closeButton());
  else setTimeout(() => toast.remove(), 4000);
  toasts?.append(toast);
};
const closeButton = () => {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  button.dataset.close = "";
  return button;
};

// ── Showing what only works with scripts ────────────────────────────────────
const unhide = (where) =>
  where.querySelectorAll("[data-close][hidden], [data-theme-switch][hidden]").forEach((it) => (it.hidden = false));

// A browser that keeps nothing refuses even to be asked, and forgets the choice with the page.
const keepTheme = (theme) => {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    say("This browser keeps nothing for this site: the choice lasts until you leave this page.");
  }
};

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
    select(element);
    say("Selected: copy it with your keyboard", true);
  }
};
const downloadEnv = (element, name = "ALTER_API_KEY") => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${name}=${element.textContent}\n`], { type: "text/plain" }));
  link.download = "alter.env"; // a leading dot would be taken off by the browser
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// ── Dialogs ─────────────────────────────────────────────────────────────────
let opener = null;
const openDialog = (dialog) => {
  if (!dialog || dialog.matches(":modal")) return;
  if (!document.querySelector("dialog:modal")) {
    const menu = document.activeElement?.closest("details.menu");
    if (menu) menu.open = false;
    opener = menu?.querySelector("summary") ?? document.activeElement;
  }
  dialog.removeAttribute("open");
  dialog.showModal();
  placeToasts();
  const heading = dialog.querySelector("h1, h2");
  heading?.setAttribute("tabindex", "-1");
  (dialog.querySelector("[autofocus]") ?? heading)?.focus();
  dialog.addEventListener("close", () => {
    placeToasts(); // before the dialog goes, and the notices with it
    dialog.remove();
    (opener?.isConnected ? opener : document.getElementById("main"))?.focus();
  });
};
const closeDialog = () => document.querySelector("dialog:modal")?.close();
document.addEventListener("close-dialog", closeDialog); // the server's HX-Trigger

// ── Clicks and keys ─────────────────────────────────────────────────────────
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
  const on = event.target.closest(
    "[data-theme-switch], [data-copy], [data-copy-from], [data-download-env], [data-close]",
  );
  if (!on) return;
  const from = document.getElementById(on.dataset.copyFrom ?? on.dataset.downloadEnv ?? "");
  if ("themeSwitch" in on.dataset) {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    keepTheme(root.dataset.theme);
  } else if ("downloadEnv" in on.dataset) {
    downloadEnv(from, on.dataset.envName);
  } else if ("close" in on.dataset) {
    const dialog = on.closest("dialog:modal");
    if (dialog) event.preventDefault();
    if (dialog) dialog.close();
    else on.closest("[data-toast]")?.remove();
  } else {
    copy(on.dataset.copy ?? from.textContent, from ?? on);
  }
});

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (event.key === "Escape" && menu) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
  const palette = document.querySelector("[data-palette]");
  if (event.key?.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && palette) {
    event.preventDefault();
    if (!document.querySelector("dialog:modal")) palette.click();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const dialog = step && event.target.closest?.("dialog:modal:has(.palette-results)");
  if (dialog) {
    event.preventDefault();
    const stops = [...dialog.querySelectorAll("input:not([type=hidden]), .palette-results a")];
    stops.at((stops.indexOf(document.activeElement) + step) % stops.length)?.focus();
  }
});

// A passkey that was not used: django-allauth's scripts say so by an event.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const why = event.detail.exception?.name === "NotAllowedError" ? "it was cancelled, or took too long" : "the browser refused";
  say(`No passkey was used: ${why}.`, true);
});

// ── Forms ───────────────────────────────────────────────────────────────────
// A button rests while its form is on the way; a page that comes back from the browser's cache is loaded afresh.
// <form data-downloads> is answered by a file: the page stays, and so does its button.
const submitters = (form) => [...form.elements].filter((it) => it.type === "submit");
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return; // htmx has the first
  if ("downloads" in event.target.dataset) return;
  setTimeout(() => submitters(event.target).forEach((it) => (it.disabled = true))); // after its value was taken
});
let resting = [];
const isPosting = (event) => Boolean(event.target.matches?.("form[method=post]"));
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPosting(event)) return;
  resting = submitters(event.target).filter((it) => !it.disabled);
  resting.forEach((it) => (it.disabled = true));
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!isPosting(event)) return;
  resting.forEach((it) => (it.disabled = false));
  if (document.activeElement === document.body) event.detail.requestConfig?.triggeringEvent?.submitter?.focus();
});
// <button data-needs="#stored"> waits for that box to be ticked. Without scripts, `required` on the box says so.
const gate = () =>
  document
    .querySelectorAll("[data-needs]")
    .forEach((it) => (it.disabled = !document.querySelector(it.dataset.needs)?.checked));
document.addEventListener("change", gate);
// A whole key pasted into a search box is cut to the part that may be seen, before it reaches an address.
const KEY = /(alter_(?:key_(?:app|agent|derived)|pat|gateway)_[0-9A-Za-z]{8})[0-9A-Za-z]+/g;
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-cut-keys]")) event.target.value = event.target.value.replace(KEY, "$1");
});

// ── Secrets ─────────────────────────────────────────────────────────────────
addEventListener("pagehide", () => document.querySelectorAll("[data-secret]").forEach((it) => (it.textContent = "")));
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// The page that showed a secret gives its place in the history to where it leads: Back, Forward and reload find a page.
const revealed = document.querySelector("[data-afterwards]");
if (revealed) history.replaceState(null, "", revealed.dataset.afterwards);

// ── htmx ────────────────────────────────────────────────────────────────────
// A dialog comes with the title of its own page, and leaves that of this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.closest?.("#dialog")) event.detail.ignoreTitle = true;
});
document.addEventListener("htmx:afterSwap", (event) => {
  const into = event.detail.target; // there is none where a script swaps
  if (into?.id === "dialog") openDialog(into.querySelector("dialog"));
  ready();
});
document.addEventListener("htmx:oobAfterSwap", () => unhide(document));
document.addEventListener("htmx:beforeRequest", () =>
  document.getElementById("progress")?.classList.add("htmx-request"),
);
document.addEventListener("htmx:afterRequest", () =>
  document.getElementById("progress")?.classList.remove("htmx-request"),
);
// A refusal comes as an event, so that it can be told wherever the reader is.
document.addEventListener("refused", (event) => say(`${event.detail.message} ${event.detail.hint ?? ""}`, true));
document.addEventListener("htmx:sendError", () =>
  say("The portal cannot be reached. Look before you try again.", true),
);

const ready = () => {
  unhide(document);
  gate();
};
ready();
document.querySelector("[data-focus]")?.focus();
