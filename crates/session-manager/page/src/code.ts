// The code, read from where the page draws it. aria-labels and texts are
// localised, so only attributes are looked at.

import { attempt, pageModule, wpp } from "./wa";

const CODE = '[data-testid="link-device-qr-code"]';
const REFRESH = '[data-testid="link_device_qr_expired_refresh_button"]';

let observer: MutationObserver | undefined;

/** The string in the code that is drawn now. */
export function drawnCode(): string | null {
  const box = document.querySelector(`${CODE}[data-ref], ${CODE} [data-ref], div[data-ref]`);
  return box?.getAttribute("data-ref") || null;
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

/** The code composed by wa-js, for a page that stops drawing `data-ref`. */
export async function composedCode(): Promise<string | null> {
  const WPP = wpp();
  if (!WPP) return null;
  try {
    return (await WPP.conn.getAuthCode())?.fullCode ?? null;
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
