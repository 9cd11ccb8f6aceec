// Tabs by the pattern of WAI-ARIA: arrow keys, Home and End move; a panel is built when it is first seen.

import { fresh, h } from "./dom.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * @param label the key of the list's name.
 * @param items each `{ id, title: element, build: () => element }`.
 * @param first the id of the one that is shown; else the first.
 * @param seen called with the id of each that is shown.
 */
export function tabs(label, items, first, seen = () => {}) {
  const buttons = items.map(({ id, title }) =>
    h("button", { type: "button", role: "tab", id: fresh(), "data-tab": id, on: { click: () => show(id) } }, title),
  );
  const panels = items.map((_, place) =>
    h("div", { role: "tabpanel", id: fresh(), "aria-labelledby": buttons[place].id, hidden: true }),
  );
  buttons.forEach((button, place) => button.setAttribute("aria-controls", panels[place].id));

  function show(id) {
    const at = Math.max(0, items.findIndex((item) => item.id === id));
    items.forEach((item, place) => {
      const chosen = place === at;
      buttons[place].setAttribute("aria-selected", String(chosen));
      buttons[place].tabIndex = chosen ? 0 : -1;
      if (chosen && !panels[place].hasChildNodes()) panels[place].append(item.build());
      panels[place].hidden = !chosen;
    });
    seen(items[at].id);
  }

  function move(event) {
    const at = buttons.indexOf(event.target.closest("[role=tab]"));
    const ends = { Home: 0, End: buttons.length - 1 };
    let to = ends[event.key];
    if (event.key in STEPS) to = (at + STEPS[event.key] + buttons.length) % buttons.length;
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(items[to].id);
    buttons[to].focus();
  }

  const list = h("div", { role: "tablist", label, on: { keydown: move } }, buttons);
  list.hidden = items.length < 2;
  show(first);
  return h("div", { class: "tabs" }, list, panels);
}
