// Shapes that answers are shown in: bars, marked texts, values.

import { h, number, percent } from "./dom.js";

export const MOST = 10;
const KINDS = 8;
/* Colours of kinds; each kind is also named, as colours repeat from here on. */

const between = (value) => Math.min(1, Math.max(0, value));

/**
 * Bars, in the order in which they come.
 * @param rows each `{ label, value, part }`: a text or an element, what is written, and the width, 0 to 1.
 */
export function bars(rows) {
  const item = ({ label, value, part }) => {
    const fill = h("span", { class: "fill" });
    fill.style.setProperty("width", `${100 * between(part)}%`); // the server's policy forbids style attributes
    return h(
      "li", {}, h("span", { class: "what", dir: "auto" }, label), h("span", { class: "value" }, value),
      h("span", { class: "bar", "aria-hidden": "true" }, fill),
    );
  };
  return h("ol", { class: "bars" }, rows.map(item));
}

/** The most probable of `[label, probability]`, sorted, and how many there are. */
export function probabilities(pairs, most = MOST) {
  const sorted = pairs.filter(([, value]) => typeof value === "number").sort((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, most).map(([label, value]) => ({ label, value: percent(value), part: value }));
  const more = sorted.length > most ? h("p", { class: "note", t: ["most", { n: most, of: sorted.length }] }) : null;
  return h("div", {}, bars(shown), more);
}

/** A text in parts, each with its kind: coloured, and named. */
export function marked(marks) {
  const kinds = [...new Set(marks.map((mark) => mark.kind).filter(Boolean))];
  const parts = marks.map(({ text, kind, confidence }) => {
    if (!kind) return text;
    const sure = typeof confidence === "number" ? ` ${number(confidence, 2)}` : "";
    const place = kinds.indexOf(kind) % KINDS;
    return h("mark", { class: `kind-${place}` }, text, h("small", {}, `${kind}${sure}`));
  });
  return h("p", { class: "marked", dir: "auto" }, parts);
}

/** A text in which some places are highlighted; a place is `[start, end]` in code points. */
export function highlighted(text, places) {
  const signs = Array.from(text);
  const parts = [];
  let done = 0;
  for (const [start, end] of [...places].sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (end <= done) continue; // within one that is highlighted already
    const from = Math.max(start, done);
    parts.push(signs.slice(done, from).join(""), h("mark", { class: "kind-0" }, signs.slice(from, end).join("")));
    done = end;
  }
  return h("p", { class: "marked", dir: "auto" }, [...parts, signs.slice(done).join("")]);
}

/** A value in a few words. */
export function brief(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toPrecision(4);
  if (Array.isArray(value) && value.length > 12 && value.every((one) => typeof one === "number")) {
    return `${value.slice(0, 4).map(brief).join(", ")}, … (${value.length})`;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 600 ? `${text.slice(0, 600)} …` : text;
}

/** Names and values, closed until they are asked for. */
export function table(columns) {
  const rows = Object.entries(columns).map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", { dir: "auto" }, brief(value))),
  );
  return h(
    "details", {}, h("summary", { t: ["columns", { n: rows.length }] }),
    h("div", { class: "scroll", tabindex: "0" }, h("table", {}, h("tbody", {}, rows))),
  );
}
