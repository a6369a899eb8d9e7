// Reads the linking QR code from where the page draws it. aria-labels and texts are
// localised, so only attributes are looked at.

import { attempt, pageModule, wpp } from "./wa";
import { passkeyUnderWay } from "./passkey";

const CODE = '[data-testid="link-device-qr-code"]';
const REFRESH = '[data-testid="link_device_qr_expired_refresh_button"]';

let observer: MutationObserver | undefined;

/** The string in the code that is drawn now. */
export function drawnCode(): string | null {
  const box = document.querySelector(`${CODE}[data-ref], ${CODE} [data-ref], div[data-ref]`);
  return box?.getAttribute("data-ref") || null;
}

/** Whether the page shows a place for a code to scan, drawn or not. It shows
 * none while it asks for a passkey or a number. */
export function placeForCode(): boolean {
  return !passkeyUnderWay() && document.querySelector(CODE) !== null && refreshOverlay() === null;
}

/** Whether the page covers the code with its button to refresh. */
export function refreshOverlay(): HTMLElement | null {
  return document.querySelector<HTMLElement>(REFRESH);
}

/** Whether the page shows a list of chats; the fallback when no module says
 * that the device is linked. */
export function chatsShown(): boolean {
  return document.querySelector('#pane-side, [data-testid="chat-list"]') !== null;
}

/** Calls `changed` whenever the code may have changed. */
export function watchCode(changed: () => void): void {
  if (observer) return;
  observer = new MutationObserver(changed);
  observer.observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["data-ref", "data-testid"],
  });
}

/** Stops looking: a linked page redraws itself all day. */
export function unwatchCode(): void {
  observer?.disconnect();
  observer = undefined;
}

const APP_LINK = "https://wa.me/settings/linked_devices#";
/** What some pages add to the code, as its sixth field. */
const HELP = "https://faq.whatsapp.com/r/ld";
const HELP_SWITCH = "770";

/** The code composed as the page does, for one that stops drawing `data-ref`.
 *
 * wa-js knows the first four fields; the page has five or six, or an address. */
export async function composedCode(): Promise<string | null> {
  const WPP = wpp();
  if (!WPP || !placeForCode()) return null;
  try {
    const { ref, staticKeyPair, identityKeyPair, secretKey } = (await WPP.conn.getAuthCode()) ?? {};
    const platform = attempt<string>(() => pageModule("WAWebCompanionRegClientUtils").DEVICE_PLATFORM, "1");
    const fields = [ref, staticKeyPair, identityKeyPair, secretKey, platform];
    if (!fields.every(Boolean)) return null;
    const code = fields.join(",");
    if (attempt(() => pageModule("WAWebNativeCameraQRLinkedDeviceUtils").isNativeCameraQRLinkedDeviceTest(), false)) {
      return APP_LINK + code;
    }
    return attempt(() => Boolean(pageModule("justknobx")._(HELP_SWITCH)), false) ? `${code},${HELP}` : code;
  } catch {
    return null;
  }
}

/** Asks an idle page for six new codes.
 *
 * Gives the way that was taken, or `none` when the page has to be reloaded. */
export function refreshCode(): string {
  const launch = pageModule("WAWebLaunchSocketUtils");
  if (typeof launch?.refreshQR === "function" && attempt(() => (launch.refreshQR(), true), false)) {
    return "launch-socket-utils";
  }
  const cmd = pageModule("WAWebCmd")?.Cmd;
  if (typeof cmd?.refreshQR === "function" && attempt(() => (cmd.refreshQR(), true), false)) {
    return "cmd";
  }
  const overlay = refreshOverlay();
  if (overlay) {
    (overlay.closest("button") ?? overlay).click();
    return "button";
  }
  return "none";
}
