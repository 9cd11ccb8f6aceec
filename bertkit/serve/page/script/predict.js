// Ways to try a model by /v1/predict: a row of its columns, and a question with several contexts.

import { answered, inPlace } from "./answers.js";
import { asking } from "./asking.js";
import { h, percent, t } from "./dom.js";
import { columnField, passagesOf, textField } from "./fields.js";
import { bars, marked } from "./shapes.js";

const KEPT = 5;
const SHORT = 48;

const pathOf = (model) => `/v1/predict/${model.id}`;

/** A row by hand. Optional columns that the example leaves out are asked for below the others. */
export function row(model) {
  const anyRequired = model.columns.some((column) => column.required);
  const fields = model.columns.map((column) => columnField(column, model.example[column.name], anyRequired));
  const more = fields.filter((field, place) => !model.columns[place].required && !(field.name in model.example));
  const shown = fields.filter((field) => !more.includes(field)).map((field) => field.element);
  const hidden = h("details", {}, h("summary", { t: "more_columns" }), more.map((field) => field.element));
  const read = () => {
    const values = fields.map((field) => [field.name, field.read()]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  };
  const past = chips(model.example, (some) => fields.forEach((field) => field.write(some[field.name])));
  return asking({
    fields: [shown, more.length ? hidden : null],
    aside: past.element,
    request: () => ({ path: pathOf(model), body: { rows: [read()], probabilities: "all", marks: true } }),
    show: (data, body) => {
      past.keep(body.rows[0]);
      return data.answers.map((answer) => answered(answer, body.rows[0], model.columns));
    },
  }).element;
}

/** The model's example and the rows that were sent last, to be written into the form by a click. */
function chips(example, write) {
  const element = h("div", { class: "chips", role: "group", label: "examples" });
  const past = [];
  const chip = (some, properties, text = []) =>
    h("button", { type: "button", class: "chip", ...properties, on: { click: () => write(some) } }, text);

  function keep(some) {
    const text = JSON.stringify(some);
    const old = past.findIndex((one) => JSON.stringify(one) === text);
    if (old >= 0) past.splice(old, 1);
    if (text !== JSON.stringify(example) && inShort(some).trim()) past.unshift(some);
    past.length = Math.min(past.length, KEPT);
    const others = past.map((one) => chip(one, { dir: "auto" }, inShort(one)));
    element.replaceChildren(chip(example, { t: "the_example" }), ...others);
  }

  keep(example);
  return { element, keep };
}

function inShort(some) {
  const text = Object.values(some).flat().join(" · ");
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
}

/** A question, and which of several contexts answers it. */
export function contexts(model) {
  const question = textField({ label: "question", value: model.example.question ?? "", single: true });
  const some = [model.example.context, t("sample_context")].filter(Boolean).join("\n\n");
  const texts = textField({ label: "contexts", hint: "by_blank_lines", rows: 8, value: some });
  return asking({
    fields: [question.element, texts.element],
    request: () => {
      const body = { question: question.input.value, contexts: passagesOf(texts.input.value), marks: true };
      return { path: pathOf(model), body };
    },
    show: (data, body) => {
      const passages = data.answers.map((answer) => passage(answer, body, model.columns));
      return [h("ol", { class: "contexts" }, passages)];
    },
  }).element;
}

function passage(answer, body, columns) {
  const [value] = Object.values(answer.columns);
  const share = answer.share ?? answer.confidence;
  const name = h("span", { t: ["context_number", { n: (answer.context ?? 0) + 1 }] });
  const context = body.contexts[answer.context];
  const shown = inPlace(answer.columns, { question: body.question, context }, columns);
  const text = answer.marks?.length ? marked(answer.marks) : shown ?? h("p", { class: "marked", dir: "auto" }, context);
  return h(
    "li", {}, typeof share === "number" ? bars([{ label: name, value: percent(share), part: share }]) : name,
    h("p", { class: "main", dir: "auto" }, value ? String(value) : h("span", { class: "none", t: "not_here" })), text,
  );
}
