// Fields of a form, made from what a column holds (bertkit/data/columns/column.py), never from a task's name.

import { Trouble } from "./client.js";
import { fresh, h } from "./dom.js";

const LINES = ["choices", "texts", "labels", "tags"];
const NUMBERS = ["number", "choice"];
const MANY = 120;
/* Characters from which a text gets a higher field. */

export const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
export const passagesOf = (text) => text.split(/\n\s*\n/).map((one) => one.trim()).filter(Boolean);

/** A text in a field with a label. `hint` and `label` are keys of the page's texts, `name` is shown as it is. */
export function textField(properties) {
  const { label, name, hint, value = "", rows = 2, single = false, optional = false, type = "text" } = properties;
  const id = fresh();
  const about = hint ? h("span", { class: "note", id: `${id}-hint`, t: hint }) : null;
  const more = { id, dir: "auto", "data-field": name ?? label, "aria-describedby": about?.id, value };
  const input = single
    ? h("input", { ...more, type, ...(type === "number" ? { step: "any" } : {}), autocomplete: "off" })
    : h("textarea", { ...more, rows, spellcheck: "false" });
  const title = label ? h("span", { t: label }) : h("span", { class: "name" }, name);
  const mark = optional ? h("span", { class: "note", t: "optional" }) : null;
  return { element: h("div", { class: "field" }, h("label", { for: id }, title, " ", mark), about, input), input };
}

/** A choice of several in a field with a label; each option is `[value, key of its text, or null: the value]`. */
export function choiceField({ label, options }) {
  const id = fresh();
  const input = h(
    "select",
    { id, "data-field": label },
    options.map(([value, key]) => (key ? h("option", { value, t: key }) : h("option", { value }, value))),
  );
  return { element: h("div", { class: "field" }, h("label", { for: id, t: label }), input), input };
}

/**
 * The field of a column.
 * @param anyRequired whether the model has required columns; where it has none, it takes one of several.
 * @returns `{ element, read, write }`; `read` gives the value, undefined where an optional one is empty.
 */
export function columnField({ name, kind, required }, value, anyRequired = true) {
  const text = toText(kind, value);
  const single = NUMBERS.includes(kind) || kind === "label";
  const hint = kind === "words" ? "by_spaces" : LINES.includes(kind) ? "by_lines" : undefined;
  const { element, input } = textField({
    name, hint, single, value: text, optional: anyRequired && !required,
    type: NUMBERS.includes(kind) ? "number" : "text",
    rows: LINES.includes(kind) ? 4 : text.length > MANY ? 5 : 2,
  });
  const read = () => (!required && !input.value.trim() ? undefined : fromText(name, kind, input.value));
  return { name, element, read, write: (next) => (input.value = toText(kind, next)) };
}

function toText(kind, value) {
  if (value === undefined || value === null) return "";
  if (kind === "words" && Array.isArray(value)) return value.join(" ");
  if (LINES.includes(kind) && Array.isArray(value)) return value.join("\n");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function fromText(name, kind, text) {
  if (kind === "words") return text.split(/\s+/).filter(Boolean);
  if (LINES.includes(kind)) return linesOf(text);
  if (NUMBERS.includes(kind)) return text.trim() === "" ? null : Number(text);
  if (kind === "text" || kind === "label") return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Trouble("trouble_json", "", { name });
  }
}
