// The support desk: finds keys in what is pasted, by shape and checksum, and sends their SHA-256 alone.
"use strict";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SHAPE = /alter_(?:key_(?:app_[0-9A-Za-z]{36}|agent_[0-9A-Za-z]{34}|derived_[0-9A-Za-z]{32})|pat_[0-9A-Za-z]{40}|gateway_[0-9A-Za-z]{40})/g;
const NEARLY = /alter_(?:key_(?:app|agent|derived)|pat|gateway)_[0-9A-Za-z]{9,}/g;
const PREFIX = /alter_(?:key_(?:app|agent|derived)|pat|gateway)_[0-9A-Za-z]{4,8}(?![0-9A-Za-z])/g;
const ALONE = /^[0-9A-Za-z]{4,8}$/;

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const checksum = (body) => {
  let crc = 0xffffffff;
  for (const letter of body) crc = TABLE[(crc ^ letter.charCodeAt(0)) & 255] ^ (crc >>> 8);
  let number = (crc ^ 0xffffffff) >>> 0;
  let digits = "";
  for (let place = 0; place < 6; place++) {
    digits = LETTERS[number % 62] + digits;
    number = Math.floor(number / 62);
  }
  return digits;
};
const holds = (key) => checksum(key.slice(0, -6)) === key.slice(-6);
const sha256 = async (text) => {
  const hashed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hashed)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

// What stands in a paste: whole keys, how many are nearly keys, and what may be typed in place of one.
const candidates = (text) => {
  const whole = new Set((text.match(SHAPE) ?? []).filter(holds));
  const rest = [...whole].reduce((left, key) => left.replaceAll(key, " "), text);
  const words = new Set(rest.match(PREFIX) ?? []);
  if (ALONE.test(text.trim())) words.add(text.trim());
  return { whole: [...whole], broken: (rest.match(NEARLY) ?? []).length, words: [...words] };
};
globalThis.desk = { checksum, candidates }; // for whoever wants to look, the tests among them

const form = document.querySelector("[data-desk]");
const box = document.getElementById("paste");
const status = document.getElementById("desk-told");
const show = (text) => (status.textContent = text);
const add = (name, value) =>
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));

if (form && globalThis.crypto?.subtle) {
  document.querySelectorAll("[data-with-scripts]").forEach((it) => (it.hidden = false));
  document.querySelectorAll("[data-without-scripts]").forEach((it) => it.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { whole, broken, words } = candidates(box.value);
    box.value = "";
    if (whole.length > 500) return show(`Too many keys (${whole.length}). Paste up to 500 at once.`);
    if (!whole.length && !words.length) {
      return show(
        broken
          ? "Invalid checksum. Check for missing or mistyped characters. Nothing was sent."
          : "No key, prefix or fingerprint found.",
      );
    }
    show("Searching…");
    for (const key of whole) add("hash", await sha256(key));
    if (words.length) add("words", words.slice(0, 20).join(" "));
    form.submit();
  });
} else if (form) {
  show("This page was not loaded over HTTPS, so this browser cannot hash keys. Use the field below.");
}
