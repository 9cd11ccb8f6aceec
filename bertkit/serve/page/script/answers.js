// An answer of /v1/predict, shown by what it holds: marks, probabilities, a vector, a number. No task has a place here.

import { h, number, percent } from "./dom.js";
import { brief, highlighted, marked, probabilities, table } from "./shapes.js";

const PREFIX = "probability_";
const SHOWN = 8;
/* Numbers of a vector that are shown. */

/**
 * @param answer one of `answers`.
 * @param row the request's row, whose choices name the probabilities.
 * @param columns those of the model.
 */
export function answered(answer, row, columns) {
  const found = answer.columns;
  const [first] = Object.keys(found);
  const told = answer.marks?.some((mark) => mark.kind); // the marks say it all
  const plain = first !== undefined && !isVector(found[first]) && !told;
  const parts = [
    plain ? headline(answer, first, chosen(found[first], row, columns)) : null,
    answer.marks?.length ? marked(answer.marks) : inPlace(found, row, columns),
    ...probable(found, row, columns),
    ...Object.entries(found).filter(([, value]) => isVector(value)).map(([name, value]) => vector(name, value)),
    table(found),
  ];
  return h("article", { class: "one" }, parts);
}

const numbers = (value) => Array.isArray(value) && value.length > 1 && value.every((one) => typeof one === "number");
const isVector = (value) => numbers(value) && value.some((one) => one < 0);

/** The choice that a whole number stands for, if the row has choices; else the value. */
function chosen(value, row, columns) {
  const choices = choicesOf(row, columns);
  return Number.isInteger(value) && choices ? choices[value] ?? value : value;
}

function choicesOf(row, columns) {
  const column = columns.find((one) => one.kind === "choices");
  return column && row[column.name];
}

/** The answer itself, large, and how sure it is. */
function headline(answer, name, value) {
  const sure =
    typeof answer.confidence === "number"
      ? h("p", { class: "note", t: ["confidence", { n: percent(answer.confidence) }] })
      : null;
  const title = h("p", { class: "note name" }, name);
  return h("div", { class: "headline" }, title, h("div", { class: "main" }, main(answer, value)), sure);
}

function main(answer, value) {
  if (typeof value === "number" && !Number.isInteger(value)) return h("output", { class: "number" }, number(value, 3));
  if (value === "" || value === null || (Array.isArray(value) && !value.length)) {
    return h("span", { class: "none", t: "no_answer" });
  }
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    return h("ul", { class: "chips" }, value.map((one) => h("li", { dir: "auto" }, one)));
  }
  return h("span", { dir: "auto" }, typeof value === "string" ? value : answer.text || brief(value));
}

/** The text of the row in which an answer with a start and an end stands, with the answer highlighted. */
export function inPlace(found, row, columns) {
  const name = Object.keys(found).find((one) => one.endsWith("_start") && Number.isInteger(found[one]));
  if (name === undefined) return null;
  const place = [found[name], found[name.replace(/_start$/, "_end")]];
  const [answer] = Object.values(found);
  const texts = columns.filter((column) => column.kind === "text").map((column) => row[column.name]);
  const text = texts.find((one) => one && Array.from(one).slice(...place).join("") === answer);
  return text === undefined ? null : highlighted(text, [place]);
}

/** Bars of all probabilities that an answer holds, in whichever of its forms. */
function probable(found, row, columns) {
  const named = Object.entries(found).filter(([name]) => name.startsWith(PREFIX));
  const shown = named.length ? [probabilities(named.map(([name, value]) => [name.slice(PREFIX.length), value]))] : [];
  const choices = choicesOf(row, columns);
  for (const value of Object.values(found)) {
    if (!Array.isArray(value) || !value.length) continue;
    if (value.length === choices?.length && numbers(value)) {
      shown.push(probabilities(value.map((one, place) => [choices[place], one])));
    } else if (value.every((one) => typeof one?.probability === "number")) shown.push(...candidates(value));
  }
  return shown;
}

/** Bars of candidates `{ text, probability }`, or `{ token, probability, mask }` with bars for each mask. */
function candidates(list) {
  const groups = Map.groupBy ? Map.groupBy(list, (one) => one.mask) : grouped(list);
  const label = (one) => Object.values(one).find((value) => typeof value === "string") || h("span", { t: "no_answer" });
  return [...groups].map(([mask, some]) =>
    h(
      "div", {}, mask === undefined ? null : h("h4", { t: ["gap", { n: mask }] }),
      probabilities(some.map((one) => [label(one), one.probability])),
    ),
  );
}

function grouped(list) {
  const groups = new Map();
  for (const one of list) groups.set(one.mask, [...(groups.get(one.mask) ?? []), one]);
  return groups;
}

function vector(name, values) {
  const length = Math.hypot(...values);
  const some = values.slice(0, SHOWN).map((one) => number(one, 3));
  return h(
    "div", { class: "headline" }, h("p", { class: "note name" }, name),
    h("p", { class: "main", t: ["dimensions", { n: values.length }] }),
    h("p", { class: "note", t: ["vector_length", { n: number(length, 3) }] }),
    h("p", { class: "numbers" }, some.join("  "), values.length > SHOWN ? "  …" : ""),
  );
}
