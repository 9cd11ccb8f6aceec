"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const size = data.tokens.length, ROLLOUT = data.heads, MEAN = data.heads + 1;
const state = { layer: data.layers - 1, head: MEAN, token: 0, from: true };
const find = (id) => document.getElementById(id);
const make = (name, parts = {}) => Object.assign(document.createElement(name), parts);
const entry = (text, value) => {
  const line = make("li");
  line.append(make("bdi", { textContent: text }), ` ${value.toFixed(3)}`);
  return line;
};
const headName = (head) => (head === MEAN ? "mean of heads" : head === ROLLOUT ? "rollout" : `head ${head + 1}`);

// A layer is unpacked when it is first needed.
const unpacked = new Map();
function layerOf(number) {
  if (!unpacked.has(number)) unpacked.set(number, unpack(data.blocks[number]));
  return unpacked.get(number);
}
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
async function unpack(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A matrix as numbers from 0 to 1, row by row.
const matrices = new Map();
async function matrixOf(layer, head) {
  const key = `${layer} ${head}`;
  if (!matrices.has(key)) {
    const all = await layerOf(layer), cells = size * size, found = new Float32Array(cells);
    const scales = new Float32Array(bytes(data.scales[layer]).buffer);
    for (let row = 0; row < size; row++) {
      const scale = scales[head * size + row] / data.steps;
      for (let i = row * size; i < (row + 1) * size; i++) found[i] = all[head * cells + i] * scale;
    }
    if (matrices.size > 24) matrices.clear();
    matrices.set(key, found);
  }
  return matrices.get(key);
}

function ink() {
  const heat = getComputedStyle(document.documentElement).getPropertyValue("--heat").split(",").map(Number);
  return heat.length === 3 ? heat : [31, 102, 209];
}

// Each pixel is the largest of its cells, so that single strong cells stay visible in a small picture.
function draw(canvas, matrix, pixels) {
  canvas.width = canvas.height = pixels;
  const context = canvas.getContext("2d"), image = context.createImageData(pixels, pixels), colour = ink();
  const most = new Float32Array(pixels * pixels), at = (place) => Math.floor((place * pixels) / size);
  let highest = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const value = matrix[row * size + column];
      const first = at(row), last = Math.max(first, at(row + 1) - 1), left = at(column);
      const right = Math.max(left, at(column + 1) - 1);
      for (let y = first; y <= last; y++) for (let x = left; x <= right; x++) {
        if (value > most[y * pixels + x]) most[y * pixels + x] = value;
      }
      if (value > highest) highest = value;
    }
  }
  for (let i = 0; i < most.length; i++) {
    image.data.set([...colour, Math.round(255 * Math.sqrt(most[i] / (highest || 1)))], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

function tokenSpans(box, choose) {
  data.tokens.forEach((text, number) => {
    const span = make("span", { textContent: text, tabIndex: number ? -1 : 0 });
    span.setAttribute("role", "option");
    if (choose) {
      span.addEventListener("click", () => choose(number));
      span.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (step) { choose(Math.min(size - 1, Math.max(0, number + step)), true); event.preventDefault(); }
        if (event.key === "Enter" || event.key === " ") { choose(number, true); event.preventDefault(); }
      });
    }
    box.append(span, " ");
  });
}

function choose(token, focus) {
  state.token = token;
  if (focus) find("tokens").querySelectorAll("span")[token].focus();
  show();
}

async function show() {
  const { layer, head, token, from } = state;
  const matrix = await matrixOf(layer, head);
  if (layer !== state.layer || head !== state.head || token !== state.token) return;
  const values = Array.from({ length: size }, (_, n) => matrix[from ? token * size + n : n * size + token]);
  const highest = Math.max(...values) || 1, colour = ink().join(",");
  find("tokens").querySelectorAll("span").forEach((span, number) => {
    span.style.background = `rgba(${colour}, ${(0.85 * values[number]) / highest})`;
    span.title = values[number].toFixed(3);
    span.tabIndex = number === token ? 0 : -1;
    span.setAttribute("aria-selected", number === token);
  });
  const name = `layer ${layer + 1}, ${headName(head)}`;
  find("chosen").textContent = `${data.tokens[token]} (token ${token + 1}), ${name}: ${from ? "takes most from" : "most is taken by"}`;
  const order = values.map((value, number) => [value, number]).sort((a, b) => b[0] - a[0]).slice(0, 10);
  find("most").replaceChildren(...order.map(([value, number]) => entry(data.tokens[number], value)));
  find("from").setAttribute("aria-pressed", from);
  find("to").setAttribute("aria-pressed", !from);
  find("layer").value = layer;
  find("head").value = head;
  find("name").textContent = name;
  draw(find("matrix"), matrix, Math.max(size, Math.min(640, size * Math.max(1, Math.floor(640 / size)))));
}

function attributions() {
  const box = find("attributions");
  if (!box) return;
  const highest = Math.max(...data.attributions.map(Math.abs)) || 1;
  data.labels.forEach((label, number) => {
    const value = data.attributions[number];
    const span = make("span", { textContent: label, title: value.toFixed(4), className: value > 0 ? "up" : "down" });
    span.style.setProperty("--w", ((0.75 * Math.abs(value)) / highest).toFixed(2));
    box.append(span, " ");
  });
}

function grid() {
  const table = find("heads"), seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) {
      seen.unobserve(entry.target);
      const { layer, head } = entry.target.dataset;
      matrixOf(+layer, +head).then((matrix) => draw(entry.target, matrix, Math.min(size, 56)));
    }
  }, { rootMargin: "100px" });
  const header = make("tr");
  header.append(make("th"), ...[...Array(data.heads).keys(), ROLLOUT].map((head) => make("th", { textContent: head === ROLLOUT ? "rollout" : head + 1 })));
  table.append(header);
  for (let layer = 0; layer < data.layers; layer++) {
    const row = make("tr");
    row.append(make("th", { textContent: layer + 1 }));
    for (const head of [...Array(data.heads).keys(), ROLLOUT]) {
      const cell = make("td"), button = make("button", { type: "button" }), canvas = make("canvas");
      button.setAttribute("aria-label", `layer ${layer + 1}, ${headName(head)}`);
      button.addEventListener("click", () => { Object.assign(state, { layer, head }); show(); });
      Object.assign(canvas.dataset, { layer, head });
      seen.observe(canvas);
      button.append(canvas);
      cell.append(button);
      row.append(cell);
    }
    table.append(row);
  }
}

function controls() {
  const layer = find("layer"), head = find("head");
  for (let n = 0; n < data.layers; n++) layer.append(make("option", { value: n, textContent: n + 1 }));
  for (const n of [MEAN, ROLLOUT, ...Array(data.heads).keys()]) head.append(make("option", { value: n, textContent: headName(n) }));
  layer.addEventListener("change", () => { state.layer = +layer.value; show(); });
  head.addEventListener("change", () => { state.head = +head.value; show(); });
  find("from").addEventListener("click", () => { state.from = true; show(); });
  find("to").addEventListener("click", () => { state.from = false; show(); });
  find("matrix").addEventListener("pointermove", async (event) => {
    const box = event.target.getBoundingClientRect();
    const at = (part, whole) => Math.min(size - 1, Math.max(0, Math.floor((part / whole) * size)));
    const row = at(event.clientY - box.top, box.height), column = at(event.clientX - box.left, box.width);
    const value = (await matrixOf(state.layer, state.head))[row * size + column];
    find("said").textContent = `${data.tokens[row]} (${row + 1}) takes ${value.toFixed(3)} from ${data.tokens[column]} (${column + 1})`;
  });
}

tokenSpans(find("tokens"), choose);
attributions();
controls();
grid();
show();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
