// A form that sends a request and shows its answer: used by every way to try a model.

import { curl, send, Trouble } from "./client.js";
import { h, number, say } from "./dom.js";

const COMMAND = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘" : "Ctrl";

/**
 * A form and its answer.
 * @param fields elements of the form.
 * @param request () => `{ path, body }`; it may throw a Trouble.
 * @param show (data, body) => elements of the answer.
 * @param aside elements below the form.
 * @returns `{ element, ask }`
 */
export function asking(parts) {
  const own = new Asking(parts);
  return { element: own.element, ask: () => own.ask() };
}

class Asking {
  running = null; // the AbortController of the request that is on its way

  constructor({ fields, request, show, aside = [], button = "send" }) {
    Object.assign(this, { request, show, button });
    this.go = h("button", { type: "submit", class: "go", t: button });
    this.stop = h("button", { type: "button", class: "stop", t: "cancel", hidden: true });
    this.state = h("p", { class: "state", role: "status" });
    this.answer = h("section", { class: "answer", "aria-live": "polite", label: "answer" });
    const keys = h("kbd", { class: "note" }, `${COMMAND} + Enter`);
    const buttons = h("div", { class: "buttons" }, this.go, this.stop, keys);
    this.form = h("form", { novalidate: true }, fields, buttons, aside);
    this.element = h("div", { class: "asking" }, this.form, h("div", { class: "result" }, this.state, this.answer));
    this.listen();
  }

  listen() {
    this.stop.addEventListener("click", () => this.running?.abort());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.running === null) this.ask();
    });
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (this.running === null) this.ask();
      } else if (event.key === "Escape") this.running?.abort();
    });
  }

  /** Send the request; one that is on its way already is given up. */
  async ask() {
    this.running?.abort();
    const own = (this.running = new AbortController());
    this.busy(true);
    try {
      const { path, body } = this.request();
      const { data, seconds } = await send(path, body, own.signal);
      if (this.running !== own) return;
      this.answer.replaceChildren(...this.show(data, body), figures(data, seconds), command(path, body));
      say(this.state, "ready");
    } catch (error) {
      if (this.running === own) this.fail(error);
    } finally {
      if (this.running === own) this.busy(false);
    }
  }

  fail(error) {
    if (!(error instanceof Trouble)) throw error;
    say(this.state, error.kind === "cancelled" ? "cancelled" : "failed");
    if (error.kind !== "cancelled") this.answer.replaceChildren(trouble(error));
  }

  busy(now) {
    this.go.setAttribute("aria-busy", String(now));
    this.answer.setAttribute("aria-busy", String(now));
    say(this.go, now ? "running" : this.button);
    this.stop.hidden = !now;
    if (now) say(this.state, "running");
    else this.running = null;
  }
}

/** What went wrong, in words. */
export function trouble(error) {
  return h(
    "div", { class: "trouble", role: "alert" },
    h("strong", { t: [error.kind, error.values] }),
    error.message ? h("p", { dir: "auto" }, error.message) : null,
  );
}

/** What the model read, what it did not, how long it took, and which model it was. */
function figures(data, seconds) {
  const usage = data.usage ?? {};
  const tokens = usage.tokens ?? usage.prompt_tokens;
  const parts = [
    tokens === undefined ? null : h("span", { t: ["tokens", { n: number(tokens) }] }),
    usage.windows === undefined ? null : h("span", { t: ["windows", { n: number(usage.windows) }] }),
    usage.cut_tokens === undefined ? null : h("span", { t: ["cut", { n: number(usage.cut_tokens) }] }),
    h("span", { class: "time", t: ["took", { n: number(1000 * seconds) }] }),
    data.hash ? h("span", {}, h("span", { t: "hash" }), " ", h("code", {}, data.hash)) : null,
  ];
  const lost = usage.cut_tokens
    ? h("p", { class: "trouble cut", role: "alert", t: ["cut_warning", { n: number(usage.cut_tokens) }] })
    : null;
  const warnings = (data.warnings ?? []).map((text) => h("li", { dir: "auto" }, text));
  return h(
    "div", { class: "figures" }, lost,
    warnings.length ? h("ul", { class: "trouble", label: "warnings" }, warnings) : null,
    h("p", { class: "note parts" }, parts),
  );
}

function command(path, body) {
  return h("details", {}, h("summary", { t: "as_curl" }), copyable(curl(path, body)));
}

/** Code with a button that copies it. */
export function copyable(text) {
  const code = h("pre", { tabindex: "0" }, h("code", {}, text));
  const button = h("button", { type: "button", class: "plain copy", t: "copy" });
  button.addEventListener("click", async () => {
    say(button, (await copied(text, code)) ? "was_copied" : "copy_failed");
    setTimeout(() => say(button, "copy"), 2000);
  });
  return h("div", { class: "code" }, button, code);
}

async function copied(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers give a clipboard to https and to this machine only; elsewhere the text is selected at least.
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}
