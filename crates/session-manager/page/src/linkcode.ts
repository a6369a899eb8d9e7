// Manages the pairing code, which is typed into the phone in place of a scan. wa-js renews the code
// when WhatsApp requires it. This module tracks how long the pending code is valid, and whether a
// caller still wants it.

import { refreshCode } from "./code";
import { BridgeError } from "./errors";
import { until } from "./pause";
import { attempt, linkEvents, pageModule, wpp } from "./wa";

/** Lifetime of a code in milliseconds: the page itself accepts no answer to an older code. */
const LIFE_MS = 180_000;
/** Extra time in milliseconds once the phone has the code; wa-js grants the same. */
const PHONE_MS = 60_000;
/** How long an idle page may take to resume, in milliseconds. */
const REFRESH_MS = 5_000;
/** How long wa-js may take to report itself ready, in milliseconds. */
const READY_MS = 2_000;

interface LinkCode {
  phone: string;
  code: string;
  expiresAt: number;
  /** Whether a caller requested the code during its lifetime, or is the first caller. */
  wanted: boolean;
}

let out: LinkCode | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let listening = false;
let changed: () => void = () => {};

export interface LinkCodeFacts {
  expires_at: number;
}

export function onLinkCodeChange(callback: () => void): void {
  changed = callback;
}

/** Returns the pending code as reported to the service; never the code itself. */
export function linkCodeFacts(): LinkCodeFacts | null {
  return out && { expires_at: out.expiresAt };
}

const plain = (text: unknown): string => String(text ?? "").replace(/[^0-9A-Za-z]/g, "").toUpperCase();

function show(phone: string, text: unknown, wanted: boolean): void {
  const code = plain(text);
  if (code.length !== 8) throw new BridgeError("FAILED", "the page gave no pairing code");
  out = { phone, code: `${code.slice(0, 4)}-${code.slice(4)}`, expiresAt: Date.now() + LIFE_MS, wanted };
  clearTimeout(timer);
  timer = setTimeout(over, LIFE_MS);
  changed();
}

/** Handles the expiry: requests a new code if one is still wanted, otherwise drops it. */
function over(): void {
  if (!out?.wanted) return cancelLinkCode();
  const { phone } = out;
  out.wanted = false;
  void renew(phone).catch(cancelLinkCode);
}

async function renew(phone: string): Promise<void> {
  const WPP = wpp();
  const idle = (): boolean => attempt(() => pageModule("WAWebSocketModel").Socket.state === "UNPAIRED_IDLE", false);
  if (idle()) {
    // The page does the same before it creates a new code.
    refreshCode();
    await until(() => !idle(), REFRESH_MS);
  }
  const code = typeof WPP.conn.refreshLinkDeviceCode === "function" ? await WPP.conn.refreshLinkDeviceCode() : await generate(WPP, phone);
  if (out?.phone === phone) show(phone, code, false);
}

const generate = (WPP: any, phone: string): Promise<unknown> => WPP.conn.genLinkDeviceCodeForPhoneNumber(phone);

/** Handles the phone's use of the code. The next step has its own time limit, and no new code
 * may replace this one meanwhile. */
function phoneHasIt(): void {
  if (!out) return;
  out.expiresAt += PHONE_MS;
  clearTimeout(timer);
  timer = setTimeout(over, Math.max(0, out.expiresAt - Date.now()));
  changed();
}

/** Subscribes to renewals, since WhatsApp can require a new code at any time. */
function listen(WPP: any): void {
  if (listening || typeof WPP.on !== "function") return;
  listening = true;
  WPP.on("conn.link_code_change", (code: unknown) => {
    if (out && plain(code) !== plain(out.code)) attempt(() => (show(out!.phone, code, out!.wanted), true), false);
  });
  linkEvents()?.on("link_device_events:primary_hello_received", phoneHasIt);
  for (const event of ["conn.link_code_expired", "conn.link_code_error"]) WPP.on(event, cancelLinkCode);
}

/** Returns the code for this number: the pending one, or a new one. */
export async function linkCode(WPP: any, phone: string): Promise<{ code: string; expires_at: number }> {
  // wa-js 4.6 ends every life cycle of a code when it becomes ready, which is shortly after it can
  // be called: one begun before that would never be renewed.
  await until(() => attempt(() => Boolean(WPP.conn.isMainReady()), true), READY_MS);
  listen(WPP);
  if (out?.phone === phone) {
    out.wanted = true;
  } else {
    cancelLinkCode();
    const start = WPP.conn.startLinkDeviceCodeForPhoneNumber;
    show(phone, await (typeof start === "function" ? start(phone) : generate(WPP, phone)), false);
  }
  if (!out) throw new BridgeError("FAILED", "the page gave no pairing code");
  return { code: out.code, expires_at: out.expiresAt };
}

/** Drops the code, because no caller wants it any more or the phone has it. */
export function cancelLinkCode(): void {
  clearTimeout(timer);
  attempt(() => (wpp()?.conn.cancelLinkDeviceCode(), true), false);
  if (!out) return;
  out = null;
  changed();
}
