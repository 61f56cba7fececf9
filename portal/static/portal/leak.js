// Sends the SHA-256 of a pasted key in its place. Where a browser does not hash (plain http), the server does.
"use strict";

{
  const WHOLE = /alter_(?:key_(?:app_[0-9A-Za-z]{36}|agent_[0-9A-Za-z]{34}|derived_[0-9A-Za-z]{32})|pat_[0-9A-Za-z]{40}|gateway_[0-9A-Za-z]{40})/;
  const NONE = "No complete key found. Keys start with alter_key_, alter_pat_ or alter_gateway_.";

  const hexOf = async (text) => {
    const hashed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return [...new Uint8Array(hashed)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const form = document.querySelector("form[data-hashes]");
  if (form && globalThis.crypto?.subtle) {
    const { key, sha256 } = form.elements;
    document.querySelector("[data-when-hashed]").hidden = false;
    key.addEventListener("input", () => key.setCustomValidity(""));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const found = WHOLE.exec(key.value);
      key.setCustomValidity(found ? "" : NONE);
      if (!form.reportValidity()) return;
      sha256.value = await hexOf(found[0]);
      key.value = "";
      form.submit(); // and not requestSubmit(), which would ask for a key again
    });
  }
}
