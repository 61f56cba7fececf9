"use strict";
// Search (the command palette) and the keyboard shortcuts. Without scripts search is a page of its own.
const isTyping = (target) => Boolean(target.closest?.("input, textarea, select, [contenteditable], dialog"));
const press = (selector) => {
  if (!document.querySelector("dialog:modal")) document.querySelector(selector)?.click();
};
let areOn = true; // single keys can be turned off: WCAG 2.1.4
try {
  areOn = localStorage.getItem("shortcuts") !== "off";
} catch {
  // A browser that stores nothing has them on.
}

// ── Search: the first result is chosen; arrows choose another, Enter opens it ───────────────────────
const hits = () => [...document.querySelectorAll("#hit-list [role=option]")];
const chosenHit = () => hits().find((hit) => hit.getAttribute("aria-selected") === "true");
const chooseHit = (hit) => {
  hits().forEach((other) => other.setAttribute("aria-selected", String(other === hit)));
  const box = document.getElementById("id_search");
  if (hit) box.setAttribute("aria-activedescendant", hit.id);
  else box.removeAttribute("aria-activedescendant");
  hit?.scrollIntoView({ block: "nearest" });
};
const onSearchKey = (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const places = hits();
  const chosen = chosenHit();
  if (step && places.length) {
    event.preventDefault();
    chooseHit(places.at((places.indexOf(chosen) + step) % places.length));
  } else if (event.key === "Enter" && chosen && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    window.open(chosen.href, "_blank", "noopener");
  } else if (event.key === "Enter" && chosen && chosen !== places[0]) {
    event.preventDefault();
    chosen.click();
  } // else the form is sent: the server opens the first result of what stands in the box now
};
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.matches?.("#hits, #dialog") && document.getElementById("hit-list")) {
    chooseHit(hits()[0]);
  }
  showForScripts();
});

// ── Shortcuts ───────────────────────────────────────────────────────────────────────────────────────
const showForScripts = () => {
  document.querySelectorAll("[data-with-keys]").forEach((it) => (it.hidden = false));
  // Over a page, the list has the shortcuts of that page; on a page of its own it has all of them.
  document.querySelectorAll("dialog:modal [data-needs]").forEach((it) => (it.hidden = !document.querySelector(it.dataset.needs)));
  const button = document.querySelector("[data-shortcut-switch]");
  if (!button) return;
  button.hidden = false;
  button.textContent = areOn ? "Turn them off" : "Turn them on";
};
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-shortcut-switch]")) return;
  areOn = !areOn;
  try {
    localStorage.setItem("shortcuts", areOn ? "on" : "off");
  } catch {
    // The choice lasts as long as the page.
  }
  showForScripts();
});
let afterG = -Infinity;
document.addEventListener("keydown", (event) => {
  if (event.target.id === "id_search") return onSearchKey(event);
  const key = event.key?.toLowerCase();
  if (key === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return press("[data-palette]");
  }
  if (!areOn || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
  if (event.timeStamp - afterG < 1500) press(`[data-go="${CSS.escape(key)}"]`);
  else if (key === "?") press("[data-shortcuts]");
  else if (key === "/") document.querySelector("main :is([type=search], .query input)")?.focus();
  else if (key === "c") document.querySelector("[data-mint]") && location.assign(document.querySelector("[data-mint]").dataset.mint);
  else if (key === "g") return void (afterG = event.timeStamp);
  else return;
  afterG = -Infinity;
  event.preventDefault();
});
// A Mac has ⌘ where others have Ctrl.
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  document.querySelectorAll("kbd[data-mac]").forEach((it) => (it.textContent = it.dataset.mac));
}
showForScripts();
