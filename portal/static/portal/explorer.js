"use strict";
// The audit log: an entry opens below itself and closes again. Without scripts it is a link to its own page.
const unfolded = (entry) => document.getElementById(entry.dataset.unfolds);
const fold = (entry) => {
  unfolded(entry).replaceChildren();
  entry.setAttribute("aria-expanded", "false");
};
const prepareEntries = () =>
  document
    .querySelectorAll("[data-unfolds]:not([aria-expanded])")
    .forEach((entry) => entry.setAttribute("aria-expanded", "false"));

document.addEventListener(
  "click",
  (event) => {
    const entry = event.target.closest?.("[data-unfolds]");
    if (!entry) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) {
      event.stopPropagation(); // a new tab or window is the browser's to open
    } else if (entry.getAttribute("aria-expanded") === "true") {
      event.preventDefault();
      event.stopPropagation();
      fold(entry);
    }
  },
  true,
);
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.target?.matches(".unfolded")) return;
  // One at a time: what is open has headings that others refer to.
  document.querySelectorAll('[data-unfolds][aria-expanded="true"]').forEach(fold);
});
document.addEventListener("htmx:afterSwap", (event) => {
  const under = event.detail.target;
  if (under?.matches(".unfolded")) {
    document.querySelector(`[data-unfolds="${under.id}"]`)?.setAttribute("aria-expanded", String(under.hasChildNodes()));
  }
});
document.addEventListener("htmx:afterSettle", () => {
  prepareEntries();
  // A link that went with the old list leaves the reader at the new one.
  if (document.activeElement === document.body) {
    document.getElementById("timeline-h")?.focus({ preventScroll: true });
  }
});
prepareEntries();
