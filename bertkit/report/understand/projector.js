"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const make = (name, parts = {}) => Object.assign(document.createElement(name), parts);
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const numbers = (text) => new Uint16Array(bytes(text).buffer);
const places = numbers(data.places), count = data.rows, SHOWN = 200, NONE = 65535;
const view = { x: 0.5, y: 0.5, scale: 0.92 };
const state = { column: data.first, hidden: new Set(), chosen: new Uint8Array(count), some: 0, words: null, lasso: false };
let values = null, codes = null, small = null;

async function inflate(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

// --- colours -------------------------------------------------------------------------------------------------------
const NAMED = { yes: [34, 160, 107], no: [214, 69, 93], partly: [224, 160, 40] };
function colourOf(number, name) {
  if (state.column === "correct" && NAMED[name]) return NAMED[name];
  const hue = (number * 137.508 + 215) % 360, light = [0.55, 0.42, 0.66][Math.floor(number / 12) % 3];
  const part = (n) => {
    const k = (n + hue / 30) % 12, a = 0.7 * Math.min(light, 1 - light);
    return Math.round(255 * (light - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}
const between = (share) => [Math.round(59 + 181 * share), Math.round(100 + 90 * share), Math.round(226 - 166 * share)];

// --- drawing -------------------------------------------------------------------------------------------------------
const canvas = find("canvas"), plane = find("plane"), drawing = find("drawing");
let waiting = false;
function draw() {
  if (!waiting) requestAnimationFrame(() => { waiting = false; paint(); });
  waiting = true;
}
function toScreen(number) {
  const side = Math.min(canvas.width, canvas.height) * view.scale;
  return [
    canvas.width / 2 + (places[2 * number] / 65535 - view.x) * side,
    canvas.height / 2 - (places[2 * number + 1] / 65535 - view.y) * side,
  ];
}
function paint() {
  const dense = window.devicePixelRatio || 1, box = plane.getBoundingClientRect();
  for (const one of [canvas, drawing]) {
    const width = Math.round(box.width * dense), height = Math.round(box.height * dense);
    if (one.width !== width || one.height !== height) Object.assign(one, { width, height });
  }
  const { width, height } = canvas, context = canvas.getContext("2d");
  const image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  const reach = Math.max(1, Math.round((count > 20000 ? 1 : count > 2000 ? 2 : 3) * dense * Math.min(3, Math.sqrt(view.scale))));
  const palette = paletteOf(), side = Math.min(width, height) * view.scale, faded = 0x40999999;
  const column = state.column && data.columns[state.column];
  for (const chosenOnes of state.some ? [0, 1] : [0]) {  // the chosen ones lie above the others
    for (let n = 0; n < count; n++) {
      if (state.some && state.chosen[n] !== chosenOnes) continue;
      const code = codes ? codes[n] : 0;
      if (column && column.kind === "categories" && state.hidden.has(code)) continue;
      const x = Math.round(width / 2 + (places[2 * n] / 65535 - view.x) * side);
      const y = Math.round(height / 2 - (places[2 * n + 1] / 65535 - view.y) * side);
      if (x < -reach || y < -reach || x >= width + reach || y >= height + reach) continue;
      const colour = state.some && !chosenOnes ? faded : palette(code);
      for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) {
        const px = x + dx, py = y + dy;
        if (dx * dx + dy * dy <= reach * reach + 0.5 && px >= 0 && py >= 0 && px < width && py < height) pixels[py * width + px] = colour;
      }
    }
  }
  context.putImageData(image, 0, 0);
}
const whole = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
function paletteOf() {
  const column = state.column && data.columns[state.column];
  if (!column) return () => whole([59, 130, 246]);
  if (column.kind === "numbers") {
    const known = Array.from({ length: 256 }, (_, n) => whole(between(n / 255)));
    return (code) => (code === NONE ? 0xff999999 : known[code >> 8]);
  }
  const known = column.names.map((name, n) => whole(colourOf(n, name)));
  return (code) => known[code];
}

// --- choosing ------------------------------------------------------------------------------------------------------
function choose(test) {
  state.some = 0;
  for (let n = 0; n < count; n++) state.some += state.chosen[n] = test(n) ? 1 : 0;
  table();
  draw();
}
function search() {
  const word = find("search").value.trim().toLowerCase();
  if (!word) return choose(() => false);
  if (!small) small = Array.from({ length: count }, (_, n) => data.names.map((name) => values[name][n]).join("\n").toLowerCase());
  choose((n) => small[n].includes(word));
}
function inside(path, x, y) {
  let found = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [ax, ay] = path[i], [bx, by] = path[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) found = !found;
  }
  return found;
}
const visible = (n) => !(codes && state.hidden.has(codes[n]) && data.columns[state.column].kind === "categories");
function table() {
  const rows = [];
  for (let n = 0; n < count && rows.length < SHOWN; n++) if (state.chosen[n]) rows.push(n);
  const words = state.some ? `${state.some.toLocaleString("en")} of ${count.toLocaleString("en")} rows chosen` : `${count.toLocaleString("en")} rows`;
  find("said").textContent = state.some > SHOWN ? `${words}; the first ${SHOWN} are in the table` : words;
  const header = make("tr");
  header.append(make("th", { textContent: "row" }), ...data.names.map((name) => make("th", { textContent: name })));
  find("table").replaceChildren(...(rows.length ? [header] : []), ...rows.map((n) => {
    const line = make("tr");
    line.append(make("td", { textContent: n + 1, className: "n" }), ...data.names.map((name) => make("td", { textContent: values[name][n], dir: "auto" })));
    return line;
  }));
}
function save() {
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [["row", ...data.names].map(cell).join(",")];
  for (let n = 0; n < count; n++) if (!state.some || state.chosen[n]) lines.push([String(n + 1), ...data.names.map((name) => values[name][n])].map(cell).join(","));
  const link = make("a", { href: URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" })), download: "rows.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// --- moving --------------------------------------------------------------------------------------------------------
const fingers = new Map();
let path = null, gap = 0;
const at = (event) => { const box = canvas.getBoundingClientRect(), dense = canvas.width / box.width; return [(event.clientX - box.left) * dense, (event.clientY - box.top) * dense]; };
function zoom(factor, x = canvas.width / 2, y = canvas.height / 2) {
  const side = () => Math.min(canvas.width, canvas.height) * view.scale;
  const px = view.x + (x - canvas.width / 2) / side(), py = view.y - (y - canvas.height / 2) / side();
  view.scale = Math.min(500, Math.max(0.3, view.scale * factor));
  view.x = px - (x - canvas.width / 2) / side();
  view.y = py + (y - canvas.height / 2) / side();
  draw();
}
function move(dx, dy) {
  const side = Math.min(canvas.width, canvas.height) * view.scale;
  view.x -= dx / side;
  view.y += dy / side;
  draw();
}
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, at(event));
  if (state.lasso && fingers.size === 1) path = [at(event)];
  if (fingers.size === 2) gap = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const now = at(event), before = fingers.get(event.pointerId);
  if (!before) return hint(now);
  fingers.set(event.pointerId, now);
  if (path) { path.push(now); return trace(); }
  if (fingers.size === 2) {
    const [a, b] = [...fingers.values()], apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
    if (gap) zoom(apart / gap, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
    gap = apart;
  } else move(now[0] - before[0], now[1] - before[1]);
});
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => {
  fingers.delete(event.pointerId);
  if (!path) return;
  const own = path;
  path = null;
  drawing.getContext("2d").clearRect(0, 0, drawing.width, drawing.height);
  if (name === "pointerup" && own.length > 2) choose((n) => visible(n) && inside(own, ...toScreen(n)));
});
canvas.addEventListener("pointerleave", () => { find("tip").hidden = true; });
canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400), ...at(event)); }, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
  if (step) move(...step);
  else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else return;
  event.preventDefault();
});
function trace() {
  const context = drawing.getContext("2d");
  context.clearRect(0, 0, drawing.width, drawing.height);
  context.beginPath();
  path.forEach(([x, y], n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
  context.lineWidth = 2;
  context.stroke();
}
function hint([x, y]) {
  const side = Math.min(canvas.width, canvas.height) * view.scale, tip = find("tip");
  let best = -1, least = (12 * (window.devicePixelRatio || 1)) ** 2;
  for (let n = 0; n < count; n++) {
    const dx = canvas.width / 2 + (places[2 * n] / 65535 - view.x) * side - x;
    const dy = canvas.height / 2 - (places[2 * n + 1] / 65535 - view.y) * side - y;
    if (dx * dx + dy * dy < least && visible(n)) { least = dx * dx + dy * dy; best = n; }
  }
  tip.hidden = best < 0 || !values;
  if (tip.hidden) return;
  tip.replaceChildren(make("b", { textContent: `row ${best + 1}` }), ...data.names.slice(0, 6).map((name) => make("div", { textContent: `${name}: ${values[name][best]}`.slice(0, 160), dir: "auto" })));
  const dense = canvas.width / canvas.clientWidth, wide = plane.clientWidth;
  tip.style.left = `${Math.max(4, Math.min(x / dense + 12, wide - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y / dense + 12 + tip.offsetHeight > plane.clientHeight ? Math.max(4, y / dense - tip.offsetHeight - 8) : y / dense + 12}px`;
}

// --- the rest ------------------------------------------------------------------------------------------------------
function legend() {
  const column = state.column && data.columns[state.column], list = find("legend");
  codes = column ? numbers(column.codes) : null;
  if (!column) return list.replaceChildren();
  const dot = (colour) => { const mark = make("i"); mark.style.background = `rgb(${colour.join(",")})`; return mark; };
  if (column.kind === "numbers") {
    return list.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((share) => {
      const line = make("li"), value = column.low + share * (column.high - column.low);
      line.append(dot(between(share)), ` ${Number(value.toPrecision(4))}`);
      return line;
    }));
  }
  list.replaceChildren(...column.names.map((name, n) => {
    const line = make("li"), button = make("button", { type: "button" });
    button.setAttribute("aria-pressed", !state.hidden.has(n));
    button.append(dot(colourOf(n, name)), make("bdi", { textContent: name || "(empty)" }), make("small", { textContent: column.counts[n] }));
    button.addEventListener("click", () => {
      if (!state.hidden.delete(n)) state.hidden.add(n);
      button.setAttribute("aria-pressed", !state.hidden.has(n));
      draw();
    });
    line.append(button);
    return line;
  }));
}
async function begin() {
  const colour = find("colour");
  colour.append(make("option", { value: "", textContent: "nothing" }), ...Object.keys(data.columns).map((name) => make("option", { value: name, textContent: name })));
  colour.value = data.first || "";
  colour.addEventListener("change", () => { state.column = colour.value || null; state.hidden.clear(); legend(); draw(); });
  legend();
  draw();
  values = await inflate(data.values);
  let late = 0;
  find("search").addEventListener("input", () => { clearTimeout(late); late = setTimeout(search, 150); });
  find("lasso").addEventListener("click", () => { state.lasso = !state.lasso; find("lasso").setAttribute("aria-pressed", state.lasso); });
  find("home").addEventListener("click", () => { Object.assign(view, { x: 0.5, y: 0.5, scale: 0.92 }); draw(); });
  find("clear").addEventListener("click", () => { find("search").value = ""; choose(() => false); });
  find("save").addEventListener("click", save);
  new ResizeObserver(draw).observe(plane);
  table();
  document.body.dataset.ready = "yes";
}
begin();
