"use strict";
// The audit log's live tail: counts what arrives, and moves nothing until the reader asks (docs/decisions/0018).
let tail = null;
let isLive = false;
let isStopped = false; // by an error, not by the reader
let place = "";
let number = 0;
let isMore = false;

const liveButton = () => document.getElementById("live");
const tellArrived = () => {
  const bar = document.getElementById("load-arrived");
  if (!bar || !number) return;
  bar.hidden = false;
  bar.textContent = isMore ? `More than ${number} new` : `${number} new`;
};
const showState = () => {
  const button = liveButton();
  if (!button) return;
  button.hidden = false;
  button.querySelector("span").textContent = isLive ? "Pause" : isStopped ? "Resume" : "Live";
  button.setAttribute("aria-pressed", String(isLive));
  const told = isLive ? "New entries are counted here. Select the count to load them." : isStopped ? "Live updates stopped." : "";
  document.getElementById("live-told").textContent = told;
};
const stopTail = () => {
  tail?.close();
  tail = null;
};
const startTail = () => {
  stopTail();
  const button = liveButton();
  if (!button || !isLive || isMore) return;
  const address = new URL(button.dataset.live, location.href);
  address.searchParams.set("after", place || button.dataset.after);
  tail = new EventSource(address);
  tail.addEventListener("message", (event) => {
    const { count, more } = JSON.parse(event.data);
    place = event.lastEventId;
    number += count;
    isMore = more || number > 999;
    tellArrived();
    if (isMore) stopTail(); // there is nothing more to say until they are loaded
  });
  tail.addEventListener("error", () => {
    if (tail?.readyState !== EventSource.CLOSED) return; // it comes again by itself
    isLive = false;
    isStopped = true;
    stopTail();
    showState();
  });
};
const renewTail = () => {
  place = "";
  number = 0;
  isMore = false;
  if (isLive && !liveButton()) isLive = false;
  showState();
  startTail();
};

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#live")) {
    isLive = !isLive;
    isStopped = false;
    showState();
    if (isLive) startTail();
    else stopTail();
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (document.getElementById("log") && !event.detail.target?.matches(".unfolded, #dialog")) renewTail();
});
addEventListener("pagehide", stopTail);
renewTail();
