// The bridge between WhatsApp Web and session-manager.
//
//   page modules ─┐                      ┌─ channel: facts, messages, acks ──> service
//   DOM (code)   ─┼──> facts, messages ──┘
//   wa-js (WPP)  ─┘   calls <── __leadmaster.call(name, args) ── service
//
// Installed as a preload script: it runs before the page's own scripts, on
// every navigation, and must never throw into the page.

import { attachChanges, changes } from "./changes";
import { note, openChannel } from "./channel";
import { markRead, typing } from "./chats";
import { refreshCode } from "./code";
import { contact } from "./contact";
import { BridgeError } from "./errors";
import { input } from "./files";
import { attachConn, attachDelivery, attachLogout, attachLogoutReason, attachSocket, readFacts, report } from "./facts";
import { attachLimits, limits, watchHistory } from "./limits";
import { addressesOf, lookUp } from "./lookup";
import { linkCode, onLinkCodeChange } from "./linkcode";
import { closeMedia, openMedia, readMedia } from "./media";
import { attachMessages } from "./messages";
import { attachNotices } from "./notices";
import { deleteForEveryone, edit } from "./own_changes";
import { setReaction } from "./own_reactions";
import { answerPasskey, attachPasskey, cancelPasskey, confirmPasskey, leavePasskeyToPerson, passkeyUnderWay, takeCredentials } from "./passkey";
import { until } from "./pause";
import { type Presence, wantPresence } from "./presence";
import { missingTools, selfTest } from "./requirements";
import { messageState, send } from "./send";
import { acks, chats, memory, read, search } from "./store";
import { attempt, wpp } from "./wa";
import { acknowledgeWhatsNew } from "./whats_new";

const BOOT_POLL_MS = 25;
/** After this time, in milliseconds, a page without the modules is polled less often. */
const BOOT_PATIENCE_MS = 30_000;
/** Timeout of a pairing code in milliseconds, shorter than the service's own. */
const TOOLS_PATIENCE_MS = 10_000;

/** Waits for wa-js, which loads a second after the code is displayed. */
async function toolsWithin(patience: number): Promise<any> {
  await until(() => Boolean(wpp()), patience);
  return wpp();
}

async function pairingCode(phone: string): Promise<{ code: string; expires_at: number }> {
  const WPP = await toolsWithin(TOOLS_PATIENCE_MS);
  if (!WPP) throw new BridgeError("NOT_READY", "the page is still loading");
  if (passkeyUnderWay()) throw new BridgeError("NOT_READY", "WhatsApp asks for the account's passkey now");
  return linkCode(WPP, phone);
}

async function logout(): Promise<{ ok: boolean }> {
  const WPP = wpp();
  if (!WPP) throw new BridgeError("NOT_READY", "the page is still loading");
  return { ok: Boolean(await WPP.conn.logout()) };
}

/** Returns the report that the service requests with every heartbeat. */
function heartbeat(): ReturnType<typeof readFacts> {
  attempt(() => acknowledgeWhatsNew(), undefined);
  attempt(() => watchHistory(), undefined);
  return readFacts();
}

const calls: Record<string, (args: any) => unknown> = {
  facts: () => heartbeat(),
  self_test: () => selfTest(),
  refresh_code: () => ({ way: refreshCode() }),
  pairing_code: (args: { phone: string }) => pairingCode(args.phone),
  passkey_answer: answerPasskey,
  passkey_confirm: confirmPasskey,
  passkey_cancel: cancelPasskey,
  addresses_of: addressesOf,
  look_up: lookUp,
  send,
  message_state: messageState,
  edit,
  delete: deleteForEveryone,
  react: setReaction,
  mark_read: markRead,
  typing,
  contact,
  chats,
  search,
  memory,
  limits: () => limits(),
  read,
  acks,
  changes,
  media_open: openMedia,
  media_read: readMedia,
  media_close: closeMedia,
  logout: () => logout(),
};

/** Calls a function by name, with arguments and result as JSON text, since the protocol's own
 * encoding of objects is verbose. The result follows the duration of the call in milliseconds. */
async function call(name: string, args: string): Promise<string> {
  const began = performance.now();
  const reply = (answer: object): string => `${(performance.now() - began).toFixed(1)} ${JSON.stringify(answer)}`;
  try {
    const run = calls[name];
    if (!run) throw new BridgeError("FAILED", `no call is named ${name}`);
    return reply({ ok: (await run(JSON.parse(args))) ?? null });
  } catch (error) {
    const code = error instanceof BridgeError ? error.code : "FAILED";
    const message = String((error as any)?.message ?? error).slice(0, 300);
    return reply({ err: { code, message } });
  }
}

/** Retries each of `steps` until it succeeds. */
function boot(steps: Array<() => boolean>): void {
  const started = Date.now();
  let waiting = steps;
  let ready = false;
  const tick = (): void => {
    waiting = waiting.filter((step) => !attempt(step, false));
    if (!ready && missingTools().length === 0) {
      ready = true;
      report();
    }
    if (waiting.length === 0 && ready) return;
    const slow = Date.now() - started > BOOT_PATIENCE_MS;
    setTimeout(tick, slow ? 20 * BOOT_POLL_MS : BOOT_POLL_MS);
  };
  tick();
}

export interface Options {
  presence: Presence;
  /** Whether a person uses this browser. */
  attended: boolean;
}

export function start(channel: (text: string) => void, { presence, attended }: Options): void {
  try {
    openChannel(channel);
    wantPresence(presence);
    Object.defineProperty(globalThis, "__leadmaster", { value: { call, input }, enumerable: false });
    // wa-js must ask no third-party server for link previews; WhatsApp's own previews still work.
    (globalThis as any).WPPConfig = { disableGoogleAnalytics: true, poweredBy: "-", linkPreviewApiServers: [] };
    // Do this before the page's own scripts can request a passkey.
    if (attended) leavePasskeyToPerson();
    else takeCredentials();
    onLinkCodeChange(report);
    boot([
      attachSocket,
      attachConn,
      attachLogout,
      attachLogoutReason,
      attachDelivery,
      () => attachPasskey(report),
      attachMessages,
      attachChanges,
      attachLimits,
      () => attachNotices(report),
    ]);
    // The first report also proves that the script runs.
    report();
  } catch (error) {
    note("warn", `the bridge did not start: ${error}`);
  }
}
