// Builds the page report: the page's state as one small record. The values are raw; the service
// interprets them.

import { post, postNow } from "./channel";
import { chatsShown, composedCode, drawnCode, placeForCode, refreshOverlay, unwatchCode, watchCode } from "./code";
import { type LinkCodeFacts, cancelLinkCode, linkCodeFacts } from "./linkcode";
import { type Notice, notice } from "./notices";
import { type PasskeyFacts, passkeyFacts, tendPasskey } from "./passkey";
import { applyPresence } from "./presence";
import { missingTools } from "./requirements";
import { type Model, attempt, pageModule, serialized, wpp } from "./wa";
import { acknowledgeWhatsNew, whatsNewSeen } from "./whats_new";

export interface Account {
  id: string;
  lid: string | null;
  pushname: string | null;
  platform: string | null;
}

export interface Facts {
  /** `Socket.state`; `null` until the module is loaded. */
  socket: string | null;
  stream: string | null;
  synced: boolean;
  /** Whether the queued messages have been delivered. The page holds every send until then.
   * `null` if the page does not report it. */
  delivered: boolean | null;
  /** Changes while the first sync or the delivery of queued messages progresses; empty
   * afterwards. */
  progress: string;
  /** Whether the profile holds a linked device; `null` while that is unknown. */
  registered: boolean | null;
  code: string | null;
  idle: boolean;
  /** The passkey that WhatsApp requires before it links the device. */
  passkey: PasskeyFacts | null;
  /** The pending pairing code. */
  link_code: LinkCodeFacts | null;
  /** Whether the functions needed to send and receive are available. */
  tools: boolean;
  /** The names of the missing functions. */
  missing: string[];
  /** Why the page logged out; `null` if it did not. */
  logged_out: string | null;
  /** Identifies the document. */
  document: string;
  /** A notice that WhatsApp displays in place of the chats. */
  notice: Notice | null;
  /** Whether the "What's new" dialog was dismissed in this document. */
  whats_new_seen: boolean;
  /** Whether the page refuses this browser. */
  unsupported: boolean;
  /** The HTTP status of the document's response; 0 while unknown. */
  http_status: number;
  account: Account | null;
  whatsapp_version: string | null;
  wa_js_version: string | null;
}

const CODE_FALLBACK_MS = 2_000;
const LOGOUT_REASON_MS = 50;

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
  // Neither the modules nor wa-js loaded, so only the DOM can tell.
  if (drawnCode()) return false;
  return chatsShown() ? true : null;
}

function code(state: string | null, idle: boolean): string | null {
  if (idle) return null;
  const drawn = drawnCode();
  if (drawn) return drawn;
  const ref = attempt<string | null>(() => pageModule("WAWebConnModel").Conn.ref, null);
  if (!ref || state !== "UNPAIRED" || !placeForCode()) return null;
  if (composed?.ref === ref) return composed.code;
  // The code is not drawn. Compose it, but give the page time to draw it first.
  if (!composing) {
    composing = window.setTimeout(() => {
      composing = 0;
      if (drawnCode() || !placeForCode()) return;
      void composedCode().then((text) => {
        if (text) composed = { ref, code: text };
        report();
      });
    }, CODE_FALLBACK_MS);
  }
  return null;
}

/** Returns whether the offline delivery is complete. Each of these signs works on some builds.
 * Where the backend runs in a worker, the commands reach it through a bridge. */
function delivered(): boolean | null {
  const signs = [
    attempt<unknown>(() => pageModule("WAWebEventsWaitForOfflineDeliveryEnd").isOfflineDeliveryEnd(), undefined),
    attempt<unknown>(() => pageModule("WAWebBackendEventBus").BackendEventBus.isOfflineDeliveryEnd, undefined),
    attempt<unknown>(() => pageModule("WAWebCmd").Cmd.isOfflineDeliveryEnd, undefined),
  ].filter((sign) => typeof sign === "boolean");
  return signs.length ? signs.includes(true) : null;
}

/** Returns a value that changes while a sync progresses. */
function progress(): string {
  const WPP = wpp();
  return [
    attempt<unknown>(() => pageModule("WAWebHistorySyncProgressModel").getHistorySyncProgressModel().realProgress, "-"),
    attempt<unknown>(() => pageModule("WAWebOfflineHandler").OfflineMessageHandler.getOfflineDeliveryProgress(), "-"),
    attempt<unknown>(() => WPP.whatsapp.ChatStore.length, "-"),
    attempt<unknown>(() => WPP.whatsapp.MsgStore.length, "-"),
  ].join(" ");
}

export function readFacts(): Facts {
  const state = attempt<string | null>(() => socket!.state, null);
  const me = account();
  const linked = registered(me);
  const passkey = linked ? null : passkeyFacts();
  const idle = state === "UNPAIRED_IDLE" || (linked === false && refreshOverlay() !== null);
  const missing = missingTools();
  const synced = attempt(() => Boolean(socket!.hasSynced), false);
  const over = delivered();
  return {
    socket: state,
    stream: attempt<string | null>(() => socket!.stream, null),
    synced,
    delivered: over,
    progress: linked && !(synced && over !== false) ? progress() : "",
    registered: linked,
    code: linked || passkey ? null : code(state, idle),
    idle,
    passkey,
    link_code: linked ? null : linkCodeFacts(),
    tools: missing.length === 0,
    missing,
    logged_out: loggedOut,
    document: String(performance.timeOrigin),
    notice: notice(attempt<string | null>(() => socket!.stream, null)),
    whats_new_seen: whatsNewSeen(),
    unsupported: !socket && unsupported(),
    http_status: httpStatus,
    account: linked ? me : null,
    whatsapp_version: attempt<string | null>(() => pageModule("WAWebBuildConstants").VERSION_STR, null),
    wa_js_version: attempt<string | null>(() => (globalThis as any).WPP.version, null),
  };
}

const navigation = performance.getEntriesByType("navigation")[0] as any;
const httpStatus = Number(navigation?.responseStatus ?? 0);

/** Returns whether the page refuses this browser. It then has no app, and a link to Chrome's
 * download. */
function unsupported(): boolean {
  return document.querySelector('a[href*="google.com/chrome"]') !== null;
}

/** Reports the page's state to the service, if it changed. */
export function report(): void {
  // The dialog opens together with the chats, and the steps below may close this browser at once.
  if (attempt(() => Boolean(socket!.hasSynced), false)) attempt(() => (acknowledgeWhatsNew(), true), false);
  const facts = readFacts();
  if (facts.registered) {
    unwatchCode();
    if (facts.tools) applyPresence();
  } else watchCode(report);
  tendPasskey(facts.registered, drawnCode() !== null);
  // The device is linked, or another step comes first: wa-js must not create a new code.
  if (facts.registered || facts.passkey) cancelLinkCode();
  const text = JSON.stringify(facts);
  if (text === last) return;
  last = text;
  post({ type: "facts", facts });
}

/** The reasons of a logout: the number that the page navigates with, and its name in
 * WAWebLogoutReasonConstants.LOGOUT_REASON_CODE. */
const LOGOUT_CODES: Record<string, string> = {
  "0": "CLIENT_FATAL",
  "1": "SYNC_FAIL",
  "2": "INITIAL_HISTORY_SYNC_TIMEOUT",
  "3": "ACCOUNT_LOCKED",
};

function logout(reason: string): void {
  loggedOut = reason;
  postNow({ type: "facts", facts: readFacts() });
}

/** Reads the value, then subscribes: a value that is already set must not be missed. */
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
  const search = new URLSearchParams(location.search);
  if (search.get("post_logout") === "1") {
    const why = search.get("logout_reason");
    loggedOut = why ? (LOGOUT_CODES[why] ?? `logout_reason ${why}`) : "post_logout";
    report();
  }
  const cmd: Model | undefined = pageModule("WAWebCmd")?.Cmd;
  if (!cmd || typeof cmd.on !== "function") return false;
  for (const event of ["logout", "logout_from_bridge"]) {
    // A more specific reason may follow a moment later.
    cmd.on(event, () => setTimeout(() => loggedOut ?? logout(event), LOGOUT_REASON_MS));
  }
  return true;
}

/** Subscribes to the page's own logout reason, which is more specific and comes before the
 * navigation. */
export function attachLogoutReason(): boolean {
  const WPP = wpp();
  if (!WPP) return false;
  WPP.on("conn.logout_reason", (reason: unknown) => {
    if (typeof reason === "string") logout(reason);
  });
  return true;
}

/** Subscribes to the end and the restart of the offline delivery. */
export function attachDelivery(): boolean {
  const bus: Model | undefined = pageModule("WAWebBackendEventBus")?.BackendEventBus;
  const cmd: Model | undefined = pageModule("WAWebCmd")?.Cmd;
  if (typeof bus?.on !== "function" || typeof cmd?.on !== "function") return false;
  for (const event of ["offline_delivery_end", "offline_delivery_state_reset"]) {
    bus.on(event, report);
    cmd.on(`${event}_from_bridge`, report);
  }
  report();
  return true;
}
