"use strict";
{
  // The log's search box completes filters and values; a switch keeps the time zone in a cookie. Without scripts
  // filters are typed in full, and times are in UTC.
  const MAX_SHOWN = 8;
  const box = () => document.querySelector("[data-completes]");
  const input = () => box()?.querySelector("input[name=q]");
  let options = [];
  let chosen = 0;

  const lists = () => JSON.parse(box().dataset.completes);
  const lastWord = () => input().value.slice(0, input().selectionStart).match(/(?:[A-Za-z]+:)?(?:"[^"]*|[^\s"]*)$/)[0];
  const parse = (word) => {
    const [, name, value] = word.match(/^(?:([A-Za-z]+):)?(.*)$/);
    return { name: name?.toLowerCase() ?? "", value: value.replace(/^"/, "").toLowerCase() };
  };
  const find = () => {
    const { name, value } = parse(lastWord());
    const fits = (text) => (name ? text.toLowerCase().includes(value) : text.startsWith(value));
    return (lists()[name] ?? []).filter(([text]) => fits(text)).slice(0, name ? MAX_SHOWN : undefined);
  };
  const close = () => {
    document.getElementById("completion-list")?.remove();
    input()?.setAttribute("aria-expanded", "false");
    input()?.removeAttribute("aria-activedescendant");
    options = [];
  };
  const choose = (place) => {
    chosen = (place + options.length) % options.length;
    document.querySelectorAll("#completions-shown [role=option]").forEach((option, n) => {
      option.setAttribute("aria-selected", String(n === chosen));
      if (n === chosen) option.scrollIntoView({ block: "nearest" });
    });
    input().setAttribute("aria-activedescendant", `completion-${chosen}`);
  };
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const show = () => {
    close();
    options = find();
    if (!options.length) return;
    const { name } = parse(lastWord());
    const panel = element("div", "", { class: "listbox", id: "completion-list" });
    const list = element("ul", "", { id: "completions-shown", role: "listbox", "aria-label": name ? `Values of ${name}` : "Filters" });
    options.forEach(([text, meaning, number], n) => {
      const option = element("li", "", { role: "option", id: `completion-${n}`, "data-completion": n });
      option.append(element("code", name ? text : `${text}:`), element("span", meaning, { class: "quiet" }));
      option.append(element("span", number === null ? "" : number.toLocaleString("en")));
      list.append(option);
    });
    panel.append(list, element("p", "↑ ↓ choose · Tab complete · Enter search · Esc close", { class: "quiet", "aria-hidden": "true" }));
    box().append(panel);
    input().setAttribute("aria-expanded", "true");
    choose(0);
  };
  const complete = (place) => {
    const field = input();
    const { name } = parse(lastWord());
    const text = options[place][0];
    const written = name ? `${name}:${/\s/.test(text) ? `"${text}"` : text} ` : `${text}:`;
    const before = field.value.slice(0, field.selectionStart - lastWord().length);
    const after = field.value.slice(field.selectionStart).replace(/^"/, "");
    field.value = before + written + after.trimStart();
    field.setSelectionRange(before.length + written.length, before.length + written.length);
    close();
    if (!name) show();
  };
  const KEYS = {
    ArrowDown: () => (options.length ? choose(chosen + 1) : show()),
    ArrowUp: () => options.length && choose(chosen - 1),
    Escape: () => close(),
    Tab: () => options.length && complete(chosen),
  };

  document.addEventListener("keydown", (event) => {
    if (event.target !== input() || event.isComposing) return;
    if (event.key === "Backspace" && !event.target.value) {
      [...box().querySelectorAll(".token a")].at(-1)?.click();
    } else if (event.key === "Enter") {
      close();
    } else if (KEYS[event.key] && !event.shiftKey && (options.length || event.key === "ArrowDown")) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
  document.addEventListener("input", (event) => event.target === input() && show());
  document.addEventListener("focusout", (event) => event.target === input() && close());
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("[data-completion]");
    if (option) event.preventDefault(); // the field keeps the focus
    if (option) complete(Number(option.dataset.completion));
    else if (event.target === input() && !options.length) show();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "shown-in") return;
    const zone = event.target.value ? Intl.DateTimeFormat().resolvedOptions().timeZone : "";
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `zone=${zone}; path=/; max-age=${zone ? 31536000 : 0}; samesite=lax${secure}`;
    location.reload();
  });
  const prepare = () => {
    document.querySelectorAll("[data-zones]").forEach((zones) => (zones.hidden = false));
    for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": "completions-shown", "aria-autocomplete": "list" })) {
      input()?.setAttribute(name, value);
    }
  };
  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
}
