// Selecting rows of a list: all on this page, a range with Shift, and how many. Without this file boxes are ticked one by one.
"use strict";

const picks = (sheet) => [...sheet.querySelectorAll("tbody .pick input")];
const showPicked = (sheet) => {
  const boxes = picks(sheet);
  const count = boxes.filter((box) => box.checked).length;
  const head = sheet.querySelector("[data-pick-all]");
  const all = sheet.querySelector("[data-all]");
  if (head) {
    head.checked = count > 0 && count === boxes.length;
    head.indeterminate = count > 0 && count < boxes.length;
  }
  const number = all?.checked ? Number(all.dataset.all) : count;
  const text = sheet.querySelector("[data-picked]");
  if (text) text.textContent = `${number.toLocaleString("en")} selected`;
};
const pickAll = (sheet, checked) => {
  picks(sheet).forEach((box) => (box.checked = checked));
  const all = sheet.querySelector("[data-all]");
  if (all && !checked) all.checked = false;
  showPicked(sheet);
};

let lastPick = null;
document.addEventListener("click", (event) => {
  const sheet = event.target.closest?.(".sheet");
  if (!sheet) return;
  if (event.target.matches("[data-pick-none]")) pickAll(sheet, false);
  if (!event.target.matches("tbody .pick input")) return;
  const boxes = picks(sheet);
  const [from, to] = [boxes.indexOf(lastPick), boxes.indexOf(event.target)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((box) => (box.checked = event.target.checked));
  lastPick = event.target;
  showPicked(sheet);
});
document.addEventListener("change", (event) => {
  const sheet = event.target.closest?.(".sheet");
  if (sheet && event.target.matches("[data-pick-all]")) pickAll(sheet, event.target.checked);
  if (sheet && event.target.matches("[data-all]")) showPicked(sheet);
});

const readyLists = () => document.querySelectorAll("[data-needs-script][hidden]").forEach((it) => (it.hidden = false));
document.addEventListener("htmx:afterSwap", readyLists);
readyLists();
