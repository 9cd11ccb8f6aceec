// Search in an index: liked and disliked documents move the next search.

import { asking } from "./asking.js";
import { h, number, percent, say } from "./dom.js";
import { choiceField, textField } from "./fields.js";
import { brief, highlighted } from "./shapes.js";

const LONG = 60;
/* Characters from which a column is shown as a text of its own. */

/** @param models those that are served: re-rankers and readers among them can be chosen. */
export function search(index, models) {
  const taste = { liked: new Map(), disliked: new Map() };
  const fields = fieldsOf(models);
  const chosen = h("div", { class: "taste" });
  const run = asking({
    fields: [fields.elements, chosen],
    button: "search",
    request: () => ({ path: "/v1/search", body: bodyOf(index, fields, taste) }),
    show: (data, body) => found(data, body, (kind, hit) => toggle(kind, hit.id, titleOf(hit.document))),
  });

  function toggle(kind, id, title) {
    const other = kind === "liked" ? "disliked" : "liked";
    taste[other].delete(id);
    if (!taste[kind].delete(id)) taste[kind].set(id, title);
    draw();
    run.ask();
  }

  function draw() {
    const chip = (kind) => ([id, title]) => {
      const drop = { click: () => toggle(kind, id, title) };
      const properties = { type: "button", class: `chip ${kind}`, label: [`drop_${kind}`, { title }], on: drop };
      return h("button", properties, h("span", { t: kind }), ": ", h("bdi", {}, title), " ×");
    };
    chosen.replaceChildren(...["liked", "disliked"].flatMap((kind) => [...taste[kind]].map(chip(kind))));
  }

  return run.element;
}

function fieldsOf(models) {
  const able = (door) => [["", "nobody"], ...models.filter((one) => one.gives.includes(door)).map((one) => [one.id])];
  const query = textField({ label: "query", single: true });
  const ways = ["vectors", "words", "hybrid"].map((way) => [way, `by_${way}`]);
  const by = choiceField({ label: "by", options: ways });
  const top = textField({ label: "how_many", single: true, type: "number", value: "10" });
  const where = textField({ label: "where", hint: "where_hint", single: true, optional: true });
  const rerank = choiceField({ label: "reranker", options: able("rerank") });
  const reader = choiceField({ label: "reader", options: able("reader") });
  const side = [by, top, ...[rerank, reader].filter((one) => one.input.length > 1)].map((one) => one.element);
  const more = h("details", {}, h("summary", { t: "more_options" }), where.element);
  return { query, by, top, where, rerank, reader, elements: [query.element, h("div", { class: "side" }, side), more] };
}

/** Search by words has no vector that likes could move. */
function bodyOf(index, { query, by, top, where, rerank, reader }, taste) {
  const body = { index: index.id, query: query.input.value, by: by.input.value, top: Number(top.input.value) };
  if (where.input.value.trim()) body.where = where.input.value;
  if (rerank.input.value) body.rerank = rerank.input.value;
  if (reader.input.value) body.reader = reader.input.value;
  for (const [kind, ids] of Object.entries(taste)) if (ids.size && body.by !== "words") body[kind] = [...ids.keys()];
  return body;
}

function found(data, body, like) {
  const text = data.answer ?? h("span", { class: "none", t: "not_in_hits" });
  const answer = body.reader ? h("p", { class: "main", dir: "auto" }, text) : null;
  const list = data.hits.map((hit) => hitOf(hit, body, like));
  return [answer, list.length ? h("ol", { class: "hits" }, list) : h("p", { t: "none_found" })].filter(Boolean);
}

function hitOf(hit, body, like) {
  const names = Object.entries(hit.document).filter(([name, value]) => name !== "id" && value !== null);
  const long = names.filter(([name, value]) => typeof value === "string" && (name === "text" || value.length >= LONG));
  const short = names.filter((one) => !long.includes(one));
  const text = (value) => highlighted(value, hit.answer ? placesOf(value, hit.answer) : []);
  const likes = h("div", { class: "likes" }, button("liked", hit, like), button("disliked", hit, like));
  return h(
    "li", { "data-id": hit.id },
    long.map(([, value]) => text(value)),
    hit.answer ? answerOf(hit) : null,
    h(
      "p", { class: "note parts" }, h("code", {}, hit.id),
      short.map(([name, value]) => h("span", {}, `${name}: ${brief(value)}`)),
      Object.entries(hit.scores).map(([name, value]) => h("span", {}, `${name} ${number(value, 3)}`)),
    ),
    body.by === "words" ? null : likes,
  );
}

function answerOf({ answer, share }) {
  const part = typeof share === "number" ? percent(share) : "";
  const text = h("strong", { dir: "auto" }, answer);
  return h("p", { class: "note" }, h("span", { t: ["answers_with", { n: part }] }), " ", text);
}

function button(kind, hit, like) {
  const title = titleOf(hit.document);
  const properties = { type: "button", class: "plain", "data-like": kind, on: { click: () => like(kind, hit) } };
  const element = h("button", properties);
  say(element, kind === "liked" ? "like" : "dislike");
  return say(element, kind === "liked" ? "like_this" : "dislike_this", { title }, "aria-label");
}

function placesOf(text, part) {
  const at = text.indexOf(part);
  const start = Array.from(text.slice(0, Math.max(at, 0))).length;
  return at < 0 ? [] : [[start, start + Array.from(part).length]];
}

function titleOf(document) {
  const first = Object.values(document).find((one) => typeof one === "string");
  const text = String(document.title ?? document.text ?? first ?? "");
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}
