// Handles the passkey that WhatsApp requires of some accounts before it links a device. The page
// calls it "shortcake":
//
//   prologue request ─> prompt ─Continue─> credentials.get() ─> phone ─> code ─> linked
//
// The authenticator of the account's owner is not available here to answer credentials.get(), and
// headless Chrome never settles the call. So the call is intercepted, passed to the service, and
// answered with an assertion made in another browser. This applies only to WhatsApp's relying party
// ids.

import { note } from "./channel";
import { BridgeError } from "./errors";
import { attempt, linkEvents, pageModule } from "./wa";

const SCREEN = '[data-testid="shortcake_passkey_screen"]';
const CONTINUE = '[data-testid="shortcake_passkey_continue_button"]';
const WAITING = '[data-testid="shortcake_waiting_for_phone_card"]';
const CODE = '[data-testid="shortcake_verification_code_display"]';
const CONFIRM = '[data-testid="shortcake_code_confirm_button"]';
const CANCEL = '[data-testid="shortcake_cancel_button"]';
const RELYING_PARTY = /^([a-z0-9-]+\.)*whatsapp\.com$/;

export type Stage = "asked" | "required" | "answered" | "confirm";

export interface PasskeyFacts {
  /** `asked`: WhatsApp requires the passkey, but the page has not received the request yet. */
  stage: Stage;
  /** The number of the request in this document. An answer belongs to exactly one request. */
  request: number;
  /** `PublicKeyCredentialRequestOptions` as JSON, while an answer is pending; otherwise `null`. */
  public_key: unknown;
  verification_code: string | null;
  /** Whether the page continues by itself, so that no person has to compare the code. */
  confirms_itself: boolean;
}

interface Pending {
  publicKey: unknown;
  resolve: (credential: unknown) => void;
  reject: (error: unknown) => void;
}

let changed: () => void = () => {};
/** Whether a person uses this browser, and answers in it. */
let attended = false;
/** Whether the page has displayed its screen since the last request. */
let screenSeen = false;
let request = 0;
let pending: Pending | null = null;
/** The state from the page's events. A recognized screen takes precedence over it. */
let heard: { stage: Stage; code: string | null; confirmsItself: boolean } | null = null;
const seenSigns = new Set<string>();
/** Whether the page is returning to a code. */
let cancelling = false;
/** How many times the page's prompt was confirmed without a request following. */
let tries = 0;
let trying: ReturnType<typeof setTimeout> | undefined;
/** Whether the attempt uses the page's module instead of its button. */
let tryingModule = false;
/** How long after the event the screen may appear, in milliseconds. */
const NAMELESS_MS = 2_000;
/** Maximum number of tries: a page that then still sends no request has another problem. */
const MOST_TRIES = 6;

const shown = (selector: string): HTMLElement | null => document.querySelector<HTMLElement>(selector);
const enabled = (selector: string): HTMLElement | null => {
  const found = shown(selector);
  const button = found?.closest("button") ?? found;
  return button && !(button as HTMLButtonElement).disabled && button.getAttribute("aria-disabled") !== "true" ? button : null;
};

/** Returns whether the page treats this as linking with a passkey. */
function pairingType(): boolean {
  const type = attempt<string>(() => String(pageModule("WAWebAltDeviceLinkingApi").getPairingType()), "");
  return type === "SHORTCAKE_PASSKEY";
}

/** Logs each sign once, so that changes in the page can be diagnosed. */
function noteSigns(signs: Record<string, boolean>): void {
  const there = Object.keys(signs).filter((name) => signs[name]);
  if (there.every((name) => seenSigns.has(name))) return;
  there.forEach((name) => seenSigns.add(name));
  note("info", `WhatsApp asks for the account's passkey; signs: ${there.join(", ")}`);
}

/** Returns the passkey state; `null` if no passkey is requested. */
export function passkeyFacts(): PasskeyFacts | null {
  const signs = {
    event: heard !== null,
    screen: shown(SCREEN) !== null,
    credentials_get: pending !== null,
    pairing_type: pairingType(),
  };
  if (!Object.values(signs).some(Boolean)) {
    seenSigns.clear();
    return null;
  }
  noteSigns(signs);
  const code = heard?.code ?? shown(CODE)?.textContent?.replace(/[^0-9A-Za-z]/g, "") ?? null;
  const stage: Stage = pending
    ? "required"
    : code
      ? "confirm"
      : heard?.stage === "answered" || shown(WAITING)
        ? "answered"
        : "asked";
  return {
    stage,
    request,
    public_key: pending?.publicKey ?? null,
    verification_code: stage === "confirm" && code ? (code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code) : null,
    confirms_itself: heard?.confirmsItself ?? false,
  };
}

/** Returns whether the page's own passkey screen is displayed, or is about to be. */
export function passkeyUnderWay(): boolean {
  return heard !== null || pending !== null || shown(SCREEN) !== null;
}

/** Confirms the page's prompt, which comes before credentials.get(): immediately the first time,
 * later with backoff. If the button was renamed, calls the page's module instead, a moment
 * later. */
function goOn(): void {
  if (attended || pending || cancelling || tries === MOST_TRIES) return;
  const button = enabled(CONTINUE);
  // The page's linking type may be the only sign of the request.
  const asked = heard ? heard.stage === "asked" : pairingType();
  const nameless = !button && asked && !shown(CONTINUE);
  if (!button && !nameless) return;
  if (trying && (tryingModule === nameless || nameless)) return;
  clearTimeout(trying);
  const pause = nameless ? NAMELESS_MS : tries === 0 ? 0 : 500 * 2 ** tries;
  tryingModule = nameless;
  trying = setTimeout(() => {
    trying = undefined;
    if (pending || cancelling) return;
    tries += 1;
    const now = enabled(CONTINUE);
    if (now) now.click();
    else if (!shown(CONTINUE)) byModule("startShortcakePasskeyPairing");
  }, pause);
}

/** Calls the same function as the page's own button. */
function byModule(name: string): boolean {
  const action = pageModule("WAWebShortcakeLinkingAction");
  if (typeof action?.[name] !== "function") return false;
  Promise.resolve(attempt(() => action[name](), null)).catch((error) =>
    note("warn", `WhatsApp's page could not go on with the passkey: ${String(error).slice(0, 80)}`),
  );
  return true;
}

/** Resets the state, because the device is linked, the ceremony was cancelled, or the document
 * was replaced. */
export function forgetPasskey(): void {
  if (!pending && !heard) return;
  pending?.reject(new DOMException("The passkey is no longer needed.", "AbortError"));
  pending = null;
  heard = null;
}

const base64url = (bytes: BufferSource): string => {
  const view = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  return btoa(String.fromCharCode(...view))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
};
const isBytes = (value: unknown): value is BufferSource => value instanceof ArrayBuffer || ArrayBuffer.isView(value);

/** Converts the options to JSON, with binary values in base64url. */
function asJson(value: unknown): unknown {
  if (isBytes(value)) return base64url(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asJson(inner)]));
  }
  return value;
}

function bytes(text: string): ArrayBuffer {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

/** Returns a credential in the form that the page expects from the browser. */
function credential(json: any): unknown {
  const { response } = json;
  const part = (text: string | null | undefined): ArrayBuffer | null => (text ? bytes(text) : null);
  return {
    id: json.id,
    rawId: bytes(json.rawId),
    type: json.type,
    authenticatorAttachment: json.authenticatorAttachment ?? null,
    response: {
      clientDataJSON: bytes(response.clientDataJSON),
      authenticatorData: bytes(response.authenticatorData),
      signature: bytes(response.signature),
      userHandle: part(response.userHandle),
    },
    getClientExtensionResults: () => json.clientExtensionResults ?? {},
    toJSON: () => json,
  };
}

/** Leaves the ceremony to the person using this browser. */
export function leavePasskeyToPerson(): void {
  attended = true;
}

/** Intercepts credentials.get() for WhatsApp's ids. Passes other calls on to the browser. */
export function takeCredentials(): void {
  const container: any = (navigator as any).credentials;
  if (!container || typeof container.get !== "function") return;
  const own = container.get.bind(container);
  const get = (options?: any): Promise<unknown> => {
    const wanted = options?.publicKey;
    const rpId = String(wanted?.rpId ?? location.hostname).toLowerCase();
    if (!wanted || !RELYING_PARTY.test(rpId)) return own(options);
    return new Promise((resolve, reject) => {
      pending?.reject(new DOMException("Another request took its place.", "AbortError"));
      request += 1;
      tries = 0;
      pending = { publicKey: asJson(wanted), resolve, reject };
      options.signal?.addEventListener("abort", () => {
        if (pending?.reject !== reject) return;
        pending = null;
        reject(options.signal.reason);
        changed();
      });
      changed();
    });
  };
  // Set it on the instance: the prototype's method stays unchanged.
  Object.defineProperty(container, "get", { value: get, configurable: true, writable: true });
}

/** Subscribes to the page's linking events. Calls `onChange` on each change. */
export function attachPasskey(onChange: () => void): boolean {
  changed = onChange;
  const events = linkEvents();
  if (!events) return false;
  const on = (name: string, act: (...args: any[]) => void): void =>
    events.on(`link_device_events:${name}`, (...args: any[]) => {
      attempt(() => (act(...args), true), false);
      onChange();
    });
  on("passkey_prologue_request", () => {
    cancelling = false;
    heard = { stage: "asked", code: null, confirmsItself: false };
  });
  on("shortcake_prologue_sent", () => {
    heard = { stage: "answered", code: null, confirmsItself: false };
  });
  on("shortcake_verification_code_ready", (code, confirmsItself) => {
    heard = { stage: "confirm", code: String(code ?? "").replace(/[^0-9A-Za-z]/g, ""), confirmsItself: Boolean(confirmsItself) };
  });
  on("shortcake_error", (reason) => {
    note("warn", `WhatsApp's page gave up on the passkey (${String(reason).slice(0, 40)}) and asks again`);
    heard = { stage: "asked", code: null, confirmsItself: false };
  });
  return true;
}

/** Handles the page's screen, which expects a person to press buttons. */
export function tendPasskey(linked: boolean | null, codeDrawn: boolean): void {
  if (linked) return forgetPasskey();
  if (shown(SCREEN)) screenSeen ||= heard !== null;
  else {
    if (!pairingType()) {
      cancelling = false;
      if (!pending) tries = 0;
    }
    // A person pressed the page's own Cancel, and the page draws a code again.
    if (attended && screenSeen && codeDrawn) {
      forgetPasskey();
      setTimeout(changed);
    }
    screenSeen = false;
  }
  if (heard && !pending && heard.stage === "answered" && enabled(CONTINUE)) {
    // The page shows its prompt again, after the phone did not respond.
    heard = { stage: "asked", code: null, confirmsItself: false };
  }
  goOn();
}

/** Passes a person's answer to the request with this number. */
export function answerPasskey({ request: meant, credential: json }: { request: number; credential: unknown }): { ok: true } {
  if (!pending || meant !== request) throw new BridgeError("NOT_READY", "no passkey is waited for");
  const { resolve } = pending;
  pending = null;
  heard = { stage: "answered", code: null, confirmsItself: false };
  // Wait at least one backoff before confirming the page's prompt again.
  tries = 1;
  resolve(credential(json));
  changed();
  return { ok: true };
}

/** Confirms that a person has compared the code with the phone's. */
export function confirmPasskey(): { ok: true } {
  const button = enabled(CONFIRM);
  if (button) button.click();
  else if (shown(CONFIRM) || heard?.stage !== "confirm" || !byModule("confirmShortcakeVerificationCode")) {
    throw new BridgeError("NOT_READY", "no verification code is waiting for confirmation");
  }
  return { ok: true };
}

/** Leads the page back to a code to scan. */
export function cancelPasskey(): { way: string } {
  const waiting = pending;
  pending = null;
  heard = null;
  cancelling = true;
  const button = shown(CANCEL);
  const way = button ? "button" : "none";
  // First take the page's own way back: the page then ignores the failure that follows.
  (button?.closest("button") ?? button)?.click();
  waiting?.reject(new DOMException("The operation either timed out or was not allowed.", "NotAllowedError"));
  changed();
  return { way };
}
