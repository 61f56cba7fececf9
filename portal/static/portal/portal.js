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
  where.querySelectorAll("[data-close][hidden], [data-theme-choice][hidden], [data-copy][hidden], [data-copy-from][hidden]").forEach((it) => (it.hidden = false));

// ── Theme ───────────────────────────────────────────────────────────────────
// A browser that keeps nothing refuses even to be asked, and forgets the choice with the page.
const keepTheme = (theme) => {
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    say("This browser stores nothing for this site. The theme lasts until you leave this page.");
  }
};
document.querySelectorAll("[name=theme]").forEach((choice) => {
  choice.checked = choice.value === (root.dataset.theme ?? "");
  choice.addEventListener("change", () => {
    if (choice.value) root.dataset.theme = choice.value;
    else delete root.dataset.theme;
    keepTheme(choice.value);
  });
});

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
    say("Selected. Press Ctrl C or ⌘ C to copy.", true);
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
    const menu = document.activeElement?.closest("details:is(.menu, .pop)");
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
  document.querySelectorAll("details:is(.menu, .pop)[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
  const on = event.target.closest("[data-copy], [data-copy-from], [data-download-env], [data-close]");
  if (!on) return;
  const from = document.getElementById(on.dataset.copyFrom ?? on.dataset.downloadEnv ?? "");
  if ("downloadEnv" in on.dataset) {
    downloadEnv(from, on.dataset.envName);
  } else if ("close" in on.dataset) {
    const dialog = on.closest("dialog:modal");
    if (dialog) event.preventDefault();
    if (dialog) dialog.close();
    else on.closest("[data-toast]")?.remove();
  } else {
    copy(on.dataset.copy ?? from.textContent, from ?? on.previousElementSibling ?? on);
  }
});

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details:is(.menu, .pop)[open]");
  if (event.key === "Escape" && menu) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && menu?.matches(".menu") && menu.contains(event.target)) {
    event.preventDefault();
    const items = [...menu.querySelectorAll(":scope > ul :is(a, button)")];
    const place = items.indexOf(document.activeElement); // -1: on the button that opened it
    items.at(place < 0 && step < 0 ? -1 : (place + step) % items.length)?.focus();
  }
});

// A passkey that was not used: django-allauth's scripts say so by an event.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const why = event.detail.exception?.name === "NotAllowedError" ? "cancelled or timed out" : "the browser did not allow it";
  say(`Passkey not used: ${why}.`, true);
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
// A refusal comes as an event, so that it is shown wherever the reader is.
document.addEventListener("refused", (event) => say(`${event.detail.message} ${event.detail.hint ?? ""}`, true));
document.addEventListener("htmx:sendError", () =>
  say("The portal cannot be reached. Check whether it worked before you try again.", true),
);

const ready = () => {
  unhide(document);
  gate();
};
ready();
document.querySelector("[data-focus]")?.focus();
