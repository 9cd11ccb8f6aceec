"use strict";
// Tables of class "sort": a click on the name of a column sorts, a box above filters. Texts are only read, never made
// into markup. Without this script the page shows every row, in its own order.

const FEW = 5; // rows of a table without a box

const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

// What a cell is sorted by: a number where the column holds numbers; null for an empty cell, which is always last.
function key(cell, numeric) {
  const text = cell ? cell.textContent.trim() : "";
  if (!numeric) return text === "" ? null : text;
  const value = parseFloat(text.replace(/,/g, ""));
  return Number.isNaN(value) ? null : value;
}

function compare(one, other, down) {
  if (one === null || other === null) return (one === null) - (other === null);
  const found = typeof one === "number" ? one - other : order.compare(one, other);
  return down ? -found : found;
}

function sorts(table, body, rows) {
  const names = [...table.tHead.rows[0].cells];
  names.forEach((name, place) => {
    const numeric = name.classList.contains("n");
    const button = document.createElement("button");
    button.type = "button";
    button.append(...name.childNodes);
    name.append(button);
    button.addEventListener("click", () => {
      const before = name.getAttribute("aria-sort");
      const first = numeric ? "descending" : "ascending"; // of numbers the largest, of names the first
      const second = numeric ? "ascending" : "descending";
      const now = before === first ? second : before === second ? "" : first;
      for (const other of names) other.removeAttribute("aria-sort");
      if (now) name.setAttribute("aria-sort", now);
      const keys = new Map(rows.map((row) => [row, key(row.cells[place], numeric)]));
      const down = now === "descending";
      const sorted = now ? [...rows].sort((one, other) => compare(keys.get(one), keys.get(other), down)) : rows;
      body.append(...sorted);
    });
  });
}

function heading(box) {
  let at = box.previousElementSibling;
  while (at && !/^H[23]$/.test(at.tagName)) at = at.previousElementSibling;
  return at ? at.textContent.trim() : "table";
}

function filters(box, rows) {
  const line = document.createElement("div");
  const input = document.createElement("input");
  const count = document.createElement("output");
  line.className = "filter";
  input.type = "search";
  input.placeholder = "Filter rows";
  input.autocomplete = "off";
  input.dir = "auto";
  input.setAttribute("aria-label", `Filter rows: ${heading(box)}`);
  line.append(input, count);
  box.before(line);
  const texts = rows.map((row) => [...row.cells].map((cell) => plain(cell.textContent)));
  const show = () => {
    const wanted = plain(input.value);
    let shown = 0;
    rows.forEach((row, number) => {
      row.hidden = !texts[number].some((text) => text.includes(wanted));
      shown += !row.hidden;
    });
    count.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
  };
  input.addEventListener("input", show);
  show();
}

for (const table of document.querySelectorAll("table.sort")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  if (rows.length > 1) sorts(table, body, rows);
  if (rows.length > FEW) filters(table.parentElement, rows);
}

// Browsers that can not open details in print by style alone.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
