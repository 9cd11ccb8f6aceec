// Elements and their texts. Texts from users and the server become text nodes only, never HTML.

import en from "./en.js";
import zh from "./zh.js";

const TEXTS = { en, zh };
const STORE = "bertkit-language";
const spoken = new WeakMap(); // element -> { slot: [key, values] }, so that a switch of language keeps what is typed

let language = chosen();

function chosen() {
  const kept = read();
  if (kept in TEXTS) return kept;
  const wanted = (navigator.languages ?? [navigator.language]).map((name) => name.slice(0, 2).toLowerCase());
  return wanted.find((name) => name in TEXTS) ?? "en";
}

function read() {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

/** A text of the page in the chosen language; `{name}` in it is replaced by a value. */
export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A number with so many decimal places, as it is written in the chosen language. */
export const number = (value, places = 0) =>
  value.toLocaleString(language, { minimumFractionDigits: places, maximumFractionDigits: places });

/** 0.754 -> 75.4% */
export const percent = (value) => `${number(100 * value, 1)}%`;

/** Set the language of the page, and all its texts. */
export function speak(name = language) {
  language = name;
  try {
    localStorage.setItem(STORE, name);
  } catch {} // the choice then lasts as long as the page
  document.documentElement.lang = name === "zh" ? "zh-CN" : name;
  for (const element of document.querySelectorAll("[data-t]")) write(element);
}

export const spokenLanguage = () => language;

function write(element) {
  for (const [slot, [key, values]] of Object.entries(spoken.get(element) ?? {})) {
    if (slot === "t") element.textContent = t(key, values);
    else element.setAttribute(slot, t(key, values));
  }
}

/** Give an element a text of the page: as its content (slot `t`), or as an attribute. */
export function say(element, key, values = {}, slot = "t") {
  spoken.set(element, { ...spoken.get(element), [slot]: [key, values] });
  element.dataset.t = "";
  write(element);
  return element;
}

/**
 * An element.
 * @param properties attributes; `t` and `label` are texts of the page (a key, or [key, values]) for the content and
 *   the name that a screen reader gives it; `on` has listeners.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "t" || name === "label") {
      const [key, values] = Array.isArray(value) ? value : [value];
      say(element, key, values, name === "t" ? "t" : "aria-label");
    } else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

let last = 0;

/** An id that no element has yet. */
export const fresh = () => `e${(last += 1)}`;

/** The buttons that switch the language. */
export function languages() {
  const names = { en: "English", zh: "中文" };
  const buttons = Object.entries(names).map(([name, text]) => {
    const choose = () => {
      speak(name);
      mark();
    };
    const properties = { type: "button", class: "plain", lang: name, "data-language": name, on: { click: choose } };
    return h("button", properties, text);
  });
  const mark = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === language));
  };
  mark();
  return h("div", { role: "group", class: "languages", label: "language" }, buttons);
}
