// Reads the linking QR code from the element in which the page draws it. Uses only attributes,
// since aria-labels and texts are localized.

import { attempt, pageModule, wpp } from "./wa";
import { passkeyUnderWay } from "./passkey";

const CODE = '[data-testid="link-device-qr-code"]';
const REFRESH = '[data-testid="link_device_qr_expired_refresh_button"]';

let observer: MutationObserver | undefined;

/** Returns the text of the code that is currently drawn; `null` if none is. */
export function drawnCode(): string | null {
  const box = document.querySelector(`${CODE}[data-ref], ${CODE} [data-ref], div[data-ref]`);
  return box?.getAttribute("data-ref") || null;
}

/** Returns whether the page has an element for a code to scan, drawn or not. It has none while
 * it requests a passkey or a number. */
export function placeForCode(): boolean {
  return !passkeyUnderWay() && document.querySelector(CODE) !== null && refreshOverlay() === null;
}

/** Returns the refresh button, if it covers the code. */
export function refreshOverlay(): HTMLElement | null {
  return document.querySelector<HTMLElement>(REFRESH);
}

/** Returns whether the page displays a list of chats. This is the fallback when no module
 * reports that the device is linked. */
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

/** Stops observing the page, since a linked page redraws itself all day. */
export function unwatchCode(): void {
  observer?.disconnect();
  observer = undefined;
}

const APP_LINK = "https://wa.me/settings/linked_devices#";
/** The sixth field that some pages append to the code. */
const HELP = "https://faq.whatsapp.com/r/ld";
const HELP_SWITCH = "770";

/** Composes the code as the page does, for a page that does not draw `data-ref`.
 *
 * wa-js knows the first four fields; the page has five or six, or a URL. */
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

/** Requests six new codes from a page that no longer renews its code.
 *
 * Returns the method used, or `none` if the page has to be reloaded. */
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
