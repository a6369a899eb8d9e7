// The pairing code: typed into the phone instead of scanning. wa-js keeps it alive: it makes a new one when
// WhatsApp wants that. Here is known how long the one that is out is good, and
// whether somebody still wants it.

import { refreshCode } from "./code";
import { BridgeError } from "./errors";
import { attempt, pageModule, wpp } from "./wa";

/** The page itself takes no answer to an older one. */
const LIFE_MS = 180_000;
/** How long an idle page may take to be back. */
const REFRESH_MS = 5_000;

interface LinkCode {
  phone: string;
  code: string;
  expiresAt: number;
  /** Somebody asked for it within its life, or is the first to. */
  wanted: boolean;
}

let out: LinkCode | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let listening = false;
let changed: () => void = () => {};

export interface LinkCodeFacts {
  expires_at: number;
}

export function onLinkCodeChange(told: () => void): void {
  changed = told;
}

/** The code that is out, as the service is told of it; never the code itself. */
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

/** Its time is over: a new one where somebody wants it, else none. */
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
    // The page does the same before it makes a new one.
    refreshCode();
    const deadline = Date.now() + REFRESH_MS;
    while (idle() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const code = typeof WPP.conn.refreshLinkDeviceCode === "function" ? await WPP.conn.refreshLinkDeviceCode() : await generate(WPP, phone);
  if (out?.phone === phone) show(phone, code, false);
}

const generate = (WPP: any, phone: string): Promise<unknown> => WPP.conn.genLinkDeviceCodeForPhoneNumber(phone);

/** What wa-js does by itself: WhatsApp can want a new code at any time. */
function listen(WPP: any): void {
  if (listening || typeof WPP.on !== "function") return;
  listening = true;
  WPP.on("conn.link_code_change", (code: unknown) => {
    if (out && plain(code) !== plain(out.code)) attempt(() => (show(out!.phone, code, out!.wanted), true), false);
  });
  for (const event of ["conn.link_code_expired", "conn.link_code_error"]) WPP.on(event, cancelLinkCode);
}

/** The code for this number: the one that is out, or a new one. */
export async function linkCode(WPP: any, phone: string): Promise<{ code: string; expires_at: number }> {
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

/** Nobody wants it any more, or the phone has it. */
export function cancelLinkCode(): void {
  clearTimeout(timer);
  attempt(() => (wpp()?.conn.cancelLinkDeviceCode(), true), false);
  if (!out) return;
  out = null;
  changed();
}
