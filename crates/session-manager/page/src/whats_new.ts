// Dismisses the "What's new" dialog, which a freshly linked device displays. Phones have been
// reported to unlink a device that did not dismiss it.
//
// Source: the page's WAWebWhatsNewModal.react and WAWebWhatsNewNux. The dialog's texts are
// localized, so it is identified by the test id of its button. Without that it is identified by the
// page's own record that it is due, while a dialog is open.
//
// The page writes a dismissal into its preferences in this browser alone (WAWebNuxCoolOff,
// WAWebUserPrefsStore), where it holds for 15 or 30 days. The dismissal is not synced; WhatsApp's
// server can only learn of it from the metric that the button sends (WAWebWhatsNewLogging). So the
// button is tried first, and nothing is pressed without a connection.

import { note } from "./channel";
import { connected } from "./lookup";
import { attempt, pageModule } from "./wa";

const CONTINUE = '[data-testid="whats_new_continue_button"]';
const DIALOG = '[data-testid="confirm-popup"], [role="dialog"]';

let acknowledged = false;

/** Whether the dialog was dismissed in this document. */
export const whatsNewSeen = (): boolean => acknowledged;

/** Dismisses the dialog if the page displays it, once per document. */
export function acknowledgeWhatsNew(): void {
  if (acknowledged || !connected()) return;
  const button = document.querySelector<HTMLElement>(CONTINUE);
  if (button) {
    (button.closest("button") ?? button).click();
    return done("its button");
  }
  const dialog = document.querySelector(DIALOG);
  if (!dialog) return;
  const days = attempt(() => pageModule("WAWebWhatsNewGatingUtils").getWhatsNewAutoModalCooldownDays(), undefined);
  const due = attempt<any>(() => pageModule("WAWebWhatsNewNux").createWhatsNewNux(days), null);
  if (!due || !attempt(() => Boolean(due.shouldShow()), false)) return;
  const closed = attempt(() => (due.dismiss(), pageModule("WAWebModalManager").ModalManager.close(), true), false);
  if (closed) done(`the page's modules; a dialog with test id ${dialog.getAttribute("data-testid") ?? "none"}`);
}

function done(how: string): void {
  acknowledged = true;
  note("info", `the "What's new" dialog was acknowledged by ${how}`);
}
