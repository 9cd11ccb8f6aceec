// Ways to try a model by its vectors or scores: similar texts, keywords, documents ranked for a query.

import { asking } from "./asking.js";
import { h, number, t } from "./dom.js";
import { linesOf, textField } from "./fields.js";
import { bars, highlighted } from "./shapes.js";

const TABLE = 12;
const LISTED = 100;
/* Texts up to which all are compared with all, and that are listed at most. */

const textOf = (model) => Object.values(model.example).find((value) => typeof value === "string") ?? "";

/** The cosine of each text with one of them, and all with all. */
export function similar(model) {
  const texts = textField({ label: "texts", hint: "similar_hint", rows: 7, value: t("sample_texts") });
  return asking({
    fields: [texts.element],
    button: "compare",
    request: () => ({ path: "/v1/embeddings", body: { model: model.id, input: linesOf(texts.input.value) } }),
    show: (data, body) => compared(body.input, data.data.map((one) => unit(one.embedding))),
  }).element;
}

function unit(vector) {
  const length = Math.hypot(...vector) || 1;
  return vector.map((one) => one / length);
}

const dot = (one, other) => one.reduce((sum, value, place) => sum + value * other[place], 0);

function compared(texts, vectors) {
  const list = h("div");
  const options = texts.map((text, place) => h("option", { value: place }, text));
  const choose = h("select", { label: "compare_with" }, options);
  const show = () => {
    const at = Number(choose.value);
    const others = texts.map((text, place) => ({ text, place, cosine: dot(vectors[at], vectors[place]) }));
    const sorted = others.filter((one) => one.place !== at).sort((a, b) => b.cosine - a.cosine).slice(0, LISTED);
    const rows = sorted.map(({ text, cosine }) => ({ label: text, value: number(cosine, 3), part: cosine }));
    list.replaceChildren(bars(rows));
  };
  choose.addEventListener("change", show);
  show();
  const field = h("div", { class: "field" }, h("span", { "aria-hidden": "true", t: "compare_with" }), choose);
  return [h("article", { class: "one" }, field, h("p", { class: "note", t: "cosine" }), list, all(texts, vectors))];
}

/** All cosines as a table. */
function all(texts, vectors) {
  if (texts.length < 2 || texts.length > TABLE) return "";
  const head = h("tr", {}, h("td"), texts.map((_, place) => h("th", { scope: "col", class: "n" }, String(place + 1))));
  const line = (text, one) => {
    const name = h("th", { scope: "row", dir: "auto" }, `${one + 1}. ${text}`);
    return h("tr", {}, name, vectors.map((other) => cell(dot(vectors[one], other))));
  };
  const grid = h("table", { class: "pairs" }, h("thead", {}, head), h("tbody", {}, texts.map(line)));
  return h("details", {}, h("summary", { t: "all_pairs" }), h("div", { class: "scroll", tabindex: "0" }, grid));
}

function cell(cosine) {
  const element = h("td", { class: "n" }, number(cosine, 2));
  element.style.setProperty("--heat-share", `${Math.round(45 * Math.max(0, cosine))}%`);
  return element;
}

/** The phrases that say what a text is about, and where they stand. */
export function keywords(model) {
  const text = textField({ label: "text", rows: 5, value: t("sample_text") });
  const top = textField({ label: "how_many", single: true, type: "number", value: "5" });
  return asking({
    fields: [text.element, top.element],
    request: () => {
      const body = { model: model.id, texts: [text.input.value], top: Number(top.input.value) };
      return { path: "/v1/keywords", body };
    },
    show: (data, body) => {
      const [found] = data.keywords;
      const rows = found.map((one) => ({ label: one.phrase, value: number(one.score, 3), part: one.score }));
      const places = found.flatMap((one) => one.offsets);
      const list = rows.length ? bars(rows) : h("p", { t: "none_found" });
      return [h("article", { class: "one" }, list, highlighted(body.texts[0], places))];
    },
  }).element;
}

/** Documents, the most relevant to a query first. */
export function rank(model) {
  const [asked, document] = model.columns.map((column) => model.example[column.name] ?? "");
  const query = textField({ label: "query", single: true, value: asked || textOf(model) });
  const some = [t("sample_documents"), document].filter(Boolean).join("\n");
  const documents = textField({ label: "documents", hint: "by_lines", rows: 6, value: some });
  return asking({
    fields: [query.element, documents.element],
    button: "rank",
    request: () => {
      const body = { model: model.id, query: query.input.value, documents: linesOf(documents.input.value) };
      return { path: "/v1/rerank", body };
    },
    show: (data, body) => [h("article", { class: "one" }, ranked(data.results, body.documents))],
  }).element;
}

/** Scores may be probabilities or raw: only within 0 to 1 are they widths as they are. */
function ranked(results, documents) {
  const scores = results.map((one) => one.relevance_score);
  const [low, high] = [Math.min(0, ...scores), Math.max(1, ...scores)];
  const rows = results.map(({ index, relevance_score: score }) => ({
    label: documents[index], value: number(score, 4), part: (score - low) / (high - low),
  }));
  return bars(rows);
}
