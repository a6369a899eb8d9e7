// What the page is doing, as one small record. The service decides what it
// means; here nothing is interpreted.

import { post, postNow } from "./channel";
import { chatsShown, composedCode, drawnCode, refreshOverlay, unwatchCode, watchCode } from "./code";
import { type Model, attempt, pageModule, serialized, wpp } from "./wa";

export interface Account {
  id: string;
  lid: string | null;
  pushname: string | null;
  platform: string | null;
}

export interface Facts {
  /** `Socket.state`, `null` while the module is not there. */
  socket: string | null;
  stream: string | null;
  synced: boolean;
  /** Whether the profile holds a linked device; `null` while unknown. */
  registered: boolean | null;
  code: string | null;
  idle: boolean;
  /** Whether wa-js found the page's modules, so that a send can work. */
  tools: boolean;
  /** Why the page logged out, where it did. */
  logged_out: string | null;
  /** The page refuses this browser. */
  unsupported: boolean;
  /** The status that the document was answered with; 0 while unknown. */
  http_status: number;
  account: Account | null;
  whatsapp_version: string | null;
  wa_js_version: string | null;
}

const CODE_FALLBACK_MS = 2_000;

let socket: Model | undefined;
let loggedOut: string | null = null;
let composed: { ref: string; code: string } | null = null;
let composing = 0;
let last = "";

function account(): Account | null {
  const prefs = pageModule("WAWebUserPrefsMeUser");
  const me = attempt(() => prefs.getMaybeMePnUser(), attempt(() => prefs.getMaybeMeUser(), null as any));
  if (!me) return null;
  const conn = pageModule("WAWebConnModel")?.Conn;
  return {
    id: serialized(me),
    lid: serialized(attempt(() => prefs.getMaybeMeLidUser(), null)) || null,
    pushname: attempt<string | null>(() => conn.pushname, null),
    platform: attempt<string | null>(() => conn.platform, null),
  };
}

function registered(me: Account | null): boolean | null {
  const WPP = wpp();
  if (WPP) return attempt<boolean | null>(() => Boolean(WPP.conn.isRegistered()), me !== null);
  if (socket) return me !== null;
  // Neither the modules nor wa-js came up: what is drawn is all there is.
  if (drawnCode()) return false;
  return chatsShown() ? true : null;
}

function code(state: string | null, idle: boolean): string | null {
  if (idle) return null;
  const drawn = drawnCode();
  if (drawn) return drawn;
  const ref = attempt<string | null>(() => pageModule("WAWebConnModel").Conn.ref, null);
  if (!ref || state !== "UNPAIRED") return null;
  if (composed?.ref === ref) return composed.code;
  // Not drawn: compose it, but give the page the time to draw it first.
  if (!composing) {
    composing = window.setTimeout(() => {
      composing = 0;
      if (drawnCode()) return;
      void composedCode().then((text) => {
        if (text) composed = { ref, code: text };
        report();
      });
    }, CODE_FALLBACK_MS);
  }
  return null;
}

export function readFacts(): Facts {
  const state = attempt<string | null>(() => socket!.state, null);
  const me = account();
  const linked = registered(me);
  const idle = state === "UNPAIRED_IDLE" || (linked === false && refreshOverlay() !== null);
  return {
    socket: state,
    stream: attempt<string | null>(() => socket!.stream, null),
    synced: attempt(() => Boolean(socket!.hasSynced), false),
    registered: linked,
    code: linked ? null : code(state, idle),
    idle,
    tools: wpp() !== undefined,
    logged_out: loggedOut,
    unsupported: !socket && unsupported(),
    http_status: httpStatus,
    account: linked ? me : null,
    whatsapp_version: attempt<string | null>(() => pageModule("WAWebBuildConstants").VERSION_STR, null),
    wa_js_version: attempt<string | null>(() => (globalThis as any).WPP.version, null),
  };
}

const navigation = performance.getEntriesByType("navigation")[0] as any;
const httpStatus = Number(navigation?.responseStatus ?? 0);

/** The page that WhatsApp gives a browser it does not know has no app and a
 * link to Chrome's download. */
function unsupported(): boolean {
  return document.querySelector('a[href*="google.com/chrome"]') !== null;
}

/** Tells the service what the page is doing, if it changed. */
export function report(): void {
  const facts = readFacts();
  if (facts.registered) unwatchCode();
  else watchCode(report);
  const text = JSON.stringify(facts);
  if (text === last) return;
  last = text;
  post({ type: "facts", facts });
}

function logout(reason: string): void {
  loggedOut = reason;
  postNow({ type: "facts", facts: readFacts() });
}

/** Value first, then subscribe: what is true already must not be missed. */
export function attachSocket(): boolean {
  if (socket) return true;
  const model: Model | undefined = pageModule("WAWebSocketModel")?.Socket;
  if (!model || typeof model.on !== "function") return false;
  socket = model;
  for (const key of ["state", "stream", "hasSynced"]) model.on(`change:${key}`, report);
  report();
  return true;
}

export function attachConn(): boolean {
  const conn: Model | undefined = pageModule("WAWebConnModel")?.Conn;
  if (!conn || typeof conn.on !== "function") return false;
  for (const key of ["ref", "pushname", "platform"]) conn.on(`change:${key}`, report);
  report();
  return true;
}

export function attachLogout(): boolean {
  if (new URLSearchParams(location.search).get("post_logout") === "1") {
    const why = new URLSearchParams(location.search).get("logout_reason");
    loggedOut = why ? `post_logout:${why}` : "post_logout";
    report();
  }
  const cmd: Model | undefined = pageModule("WAWebCmd")?.Cmd;
  if (!cmd || typeof cmd.on !== "function") return false;
  for (const event of ["logout", "logout_from_bridge"]) cmd.on(event, () => logout(event));
  return true;
}
