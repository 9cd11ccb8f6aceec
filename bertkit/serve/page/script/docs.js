// The page at `/docs`: every door, made from /openapi.json, with examples of what is served.

import { copyable, trouble } from "./asking.js";
import { curl, python, send, Trouble } from "./client.js";
import { h, languages, say, speak, t } from "./dom.js";

const main = document.getElementById("main");

/** The last part of a reference is the name of a schema. */
const named = (schemas, schema) => (schema?.$ref ? schemas[schema.$ref.split("/").at(-1)] : schema);

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.type === "array") return `[${schema.items ? typeOf(schema.items) : ""}]`;
  const limits = [["minimum", "≥"], ["maximum", "≤"], ["maxLength", "≤"]].filter(([name]) => name in schema);
  return [schema.type ?? "any", ...limits.map(([name, sign]) => `${sign} ${schema[name]}`)].join(" ");
}

/** A text whose parts between backticks are code. */
const prose = (text) => h("p", {}, text.split("`").map((one, place) => (place % 2 ? h("code", {}, one) : one)));

function defaultOf(schema, required) {
  if (required) return h("td", { t: "required" });
  const value = h("code", {}, JSON.stringify(schema.default ?? null));
  return say(h("td", { class: "default" }, value), "default", {}, "data-label");
}

/** A table of a schema's fields. */
function fields(schema, withDefaults) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([name, one]) =>
    h(
      "tr", {}, h("th", { scope: "row" }, h("code", {}, name)), h("td", {}, h("code", {}, typeOf(one))),
      withDefaults ? defaultOf(one, required.has(name)) : null,
      h("td", { class: "long" }, prose(one.description ?? "")),
    ),
  );
  const names = ["field", "type", ...(withDefaults ? ["default"] : []), "meaning"];
  const head = h("thead", {}, h("tr", {}, names.map((key) => h("th", { scope: "col", t: key }))));
  return h("div", { class: "scroll", tabindex: "0" }, h("table", {}, head, h("tbody", {}, rows)));
}

/** What a door takes, from what is served: `[name, path, body]` of each example. */
function examplesOf(path, { data, indexes }) {
  const able = (door) => data.filter((model) => model.gives.includes(door));
  const text = (model) => Object.values(model.example).find((one) => typeof one === "string") ?? "";
  const of = ({ id }, more) => [id, path, { model: id, ...more }];
  const make = {
    "/v1/models/{name}": () => data.slice(0, 1).map(({ id }) => [id, `/v1/models/${id}`, null]),
    "/v1/predict/{name}": () => [
      ...data.map(({ id, example }) => [id, `/v1/predict/${id}`, { rows: [example], probabilities: "all" }]),
      ...able("reader").map(({ id, example: { question, context } }) => [
        `${id}, contexts`, `/v1/predict/${id}`, { question, contexts: [context, t("sample_context")] },
      ]),
    ],
    "/v1/embeddings": () => able("embeddings").map((model) => of(model, { input: [text(model)] })),
    "/v1/keywords": () => able("keywords").map((model) => of(model, { texts: [text(model)] })),
    "/v1/rerank": () =>
      able("rerank").map((model) => {
        const { query, text: document } = model.example;
        return of(model, { query, documents: [document, t("sample_context")] });
      }),
    "/v1/search": () => indexes.map(({ id }) => [id, path, { index: id, query: t("sample_query"), top: 5 }]),
  };
  return path in make ? make[path]() : [["", path, null]];
}

function example([name, path, body]) {
  return h(
    "details", {}, h("summary", {}, h("span", { t: "example" }), name ? ` ${name}` : ""),
    h("h4", {}, "curl"), copyable(curl(path, body)), h("h4", {}, "Python"), copyable(python(path, body)),
  );
}

function door(path, method, operation, schemas, served) {
  const body = named(schemas, operation.requestBody?.content["application/json"].schema);
  const reply = operation.responses["200"]?.content?.["application/json"]?.schema;
  const replies = (reply?.anyOf ?? (reply ? [reply] : [])).map((one) => named(schemas, one));
  const found = replies.find((one) => one?.properties);
  const examples = examplesOf(path, served);
  const texts = [operation.summary, operation.description].filter(Boolean).map((one) => one.replace(/\.?$/, "."));
  const refusals = Object.entries(operation.responses).filter(([status]) => status !== "200");
  const statuses = refusals.map(([status, one]) => `${status}: ${one.description}`).join("  ·  ");
  return h(
    "section", { class: "door", id: `${method}-${path}` },
    h("h2", {}, h("span", { class: `method ${method}` }, method.toUpperCase()), " ", h("code", {}, path)),
    prose(texts.join(" ")),
    body ? [h("h3", { t: "takes" }), fields(body, true)] : null,
    found ? h("details", {}, h("summary", { t: "gives" }), fields(found, false)) : null,
    statuses ? h("p", { class: "note" }, h("span", { t: "statuses" }), " ", statuses) : null,
    examples.length ? examples.map(example) : h("p", { class: "note", t: "no_example" }),
  );
}

/** The records that fields of doors hold. */
function records(schemas, doors) {
  const used = JSON.stringify(Object.values(schemas)) + doors;
  const held = (name) => !name.endsWith("Request") && used.includes(`/schemas/${name}"`) && schemas[name].properties;
  const record = (name) => h("details", {}, h("summary", {}, h("code", {}, name)), fields(schemas[name], false));
  const names = Object.keys(schemas).filter(held);
  return h("section", { class: "records" }, h("h2", { t: "records" }), names.map(record));
}

function contents(paths) {
  const link = (path, method) => h("li", {}, h("a", { href: `#${method}-${path}` }, h("code", {}, path)));
  const links = paths.flatMap(([path, methods]) => Object.keys(methods).map((method) => link(path, method)));
  return h("nav", { label: "contents" }, h("ul", { class: "contents" }, links));
}

async function start() {
  try {
    const [{ data: about }, { data: served }] = await Promise.all([send("/openapi.json"), send("/v1/models")]);
    const schemas = about.components?.schemas ?? {};
    const paths = Object.entries(about.paths).sort(([one], [other]) => other.startsWith("/v1") - one.startsWith("/v1"));
    const doors = paths.flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => door(path, method, operation, schemas, served)),
    );
    const key = document.documentElement.dataset.keys === "yes" ? h("p", { t: "key_note" }) : null;
    const all = records(schemas, JSON.stringify(about.paths));
    const link = h("a", { href: "/openapi.json" }, "openapi.json");
    const end = h("p", { class: "note" }, link, ` bertkit ${about.info.version}`);
    main.replaceChildren(h("div", {}, h("p", { t: "docs_intro" }), key, contents(paths), doors, all, end));
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    main.replaceChildren(trouble(error));
  }
}

document.getElementById("top").append(h("a", { href: "/", t: "page_link" }), languages());
speak();
start();
