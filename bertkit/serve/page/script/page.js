// The page at `/`: every model and index that is served, to be tried by hand.

import { trouble } from "./asking.js";
import { send, Trouble } from "./client.js";
import { h, languages, number, speak } from "./dom.js";
import { contexts, row } from "./predict.js";
import { search } from "./search.js";
import { tabs } from "./tabs.js";
import { keywords, rank, similar } from "./vectors.js";

const WAYS = [
  { id: "similar", needs: "embeddings", build: similar },
  { id: "keywords", needs: "keywords", build: keywords },
  { id: "rank", needs: "rerank", build: rank },
  { id: "row", needs: "predict", build: row },
  { id: "contexts", needs: "reader", build: contexts },
];
/* Ways to try a model, by the doors that it gives (bertkit/serve/gives.py). */

const main = document.getElementById("main");

function modelPanel(model, way) {
  const facts = [
    h("span", { t: ["task", { name: model.task }] }), h("span", { t: ["backend", { name: model.backend }] }),
    h("span", { t: ["max_tokens", { n: number(model.max_tokens) }] }),
  ];
  const items = WAYS.filter((one) => model.gives.includes(one.needs)).map(({ id, build }) => ({
    id, title: h("span", { t: `way_${id}` }), build: () => build(model),
  }));
  const inner = tabs("ways", items, way, (id) => remember(model.id, id));
  return h("div", { class: "model" }, h("p", { class: "note parts" }, facts), inner);
}

function indexPanel(index, models) {
  const facts = [
    h("span", { t: ["documents_count", { n: number(index.documents) }] }),
    h("span", { t: ["columns_named", { names: index.columns.join(", ") }] }),
  ];
  return h("div", { class: "model" }, h("p", { class: "note parts" }, facts), search(index, models));
}

let shown = "";

/** The address keeps what is shown: a model, and the way to try it. */
function remember(...names) {
  shown = names.join("/");
  history.replaceState(null, "", `#${names.map(encodeURIComponent).join("/")}`);
}

function title(name, kind) {
  return [h("span", { class: "id" }, name), " ", h("small", kind === null ? { t: "index" } : {}, kind ?? [])];
}

async function start() {
  main.replaceChildren(h("p", { class: "state", role: "status", t: "loading" }));
  try {
    const { data } = await send("/v1/models");
    show(data.data, data.indexes);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    const again = h("button", { type: "button", class: "go", t: "try_again", on: { click: start } });
    main.replaceChildren(trouble(error), again);
  }
}

function show(models, indexes) {
  const [name, way] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const items = [
    ...models.map((model) => ({
      id: model.id, title: h("span", {}, title(model.id, model.task)),
      build: () => modelPanel(model, model.id === name ? way : undefined),
    })),
    ...indexes.map((index) => ({
      id: `index:${index.id}`, title: h("span", {}, title(index.id, null)), build: () => indexPanel(index, models),
    })),
  ];
  if (!items.length) return main.replaceChildren(h("p", { t: "nothing_served" }));
  const list = tabs("models", items, name, (id) => shown.split("/")[0] === id || remember(id));
  list.classList.add("outer");
  return main.replaceChildren(list);
}

document.getElementById("top").append(h("a", { href: "/docs", t: "docs_link" }), languages());
addEventListener("hashchange", start); // the address was changed by hand; `remember` does not fire it
speak();
start();
