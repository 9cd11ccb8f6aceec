// Requests to the server that this page came from, and the same as commands to copy.

/** What went wrong. `kind` is a key of the page's texts; `message` is what the server said. */
export class Trouble extends Error {
  constructor(kind, message = "", values = {}) {
    super(message);
    this.kind = kind;
    this.values = values;
  }
}

const KINDS = { 401: "trouble_key", 429: "trouble_busy", 503: "trouble_unready" };

/**
 * @param body null for a GET.
 * @returns `{ data, seconds }`: the reply, and how long it took to come.
 */
export async function send(path, body = null, signal = undefined) {
  const start = performance.now();
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let reply, text; // the origin: fetch refuses a page's address that holds a password
  try {
    reply = await fetch(location.origin + path, { ...(body === null ? {} : post), signal, cache: "no-store" });
    text = await reply.text();
  } catch (error) {
    throw new Trouble(error.name === "AbortError" ? "cancelled" : "trouble_network");
  }
  const data = parsed(text);
  if (reply.ok && data !== undefined) return { data, seconds: (performance.now() - start) / 1000 };
  const message = data?.error?.message ?? text.slice(0, 300);
  const after = reply.headers.get("Retry-After") ?? "1";
  const kind = KINDS[reply.status] ?? (reply.status >= 500 ? "trouble_server" : "trouble_refused");
  throw new Trouble(kind, message, { status: reply.status, seconds: after });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const needsKey = () => document.documentElement.dataset.keys === "yes";

/** The request as a command for a shell. */
export function curl(path, body = null) {
  const lines = [`curl ${location.origin}${path}`];
  if (needsKey()) lines.push(`-H "Authorization: Bearer $BERTKIT_KEY"`);
  if (body !== null) lines.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

/** The request in Python. */
export function python(path, body = null) {
  const key = needsKey() ? [`headers = {"Authorization": f"Bearer {os.environ['BERTKIT_KEY']}"}`] : [];
  const more = [body === null ? "" : `, json=${literal(body)}`, needsKey() ? ", headers=headers" : ""].join("");
  const call = `httpx.${body === null ? "get" : "post"}("${location.origin}${path}"${more})`;
  const plain = path === "/metrics";
  return [
    ...(needsKey() ? ["import os", ""] : []), "import httpx", "", ...key,
    `reply = ${call}`, "reply.raise_for_status()", `print(reply.${plain ? "text" : "json()"})`,
  ].join("\n");
}

function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}
