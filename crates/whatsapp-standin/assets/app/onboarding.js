'use strict';
// The "What's new" dialog of a freshly linked device, as WAWebWhatsNewModal shows it. It is
// dismissed by its button, by its cross, or when it closes. The dismissal lasts for a number of
// days in this browser's preferences, as in WAWebNuxCoolOff.
(() => {
  const { module, config } = __standin;
  const DISMISSED = 'WAWhatsNewDismissed';
  const COOLDOWN_DAYS = 30;
  const DAY_MS = 86_400_000;
  let open = false;

  /** Reports the dismissal. The real page reports it only by a metric, which it keeps until it
   * is sent (WAWebWhatsNewLogging, WAWebWamStorage). It is an assumption that the phone learns
   * of the dismissal by this metric. */
  const tell = () => __standin.connection.say({ t: 'whats_new_seen' });

  function dismiss() {
    localStorage.setItem(DISMISSED, String(Date.now()));
    tell();
  }

  const isDismissed = (days) => Date.now() - Number(localStorage.getItem(DISMISSED) ?? 0) < days * DAY_MS;
  const createWhatsNewNux = (days = COOLDOWN_DAYS) => ({ shouldShow: () => config.whats_new && !isDismissed(days), dismiss });
  const nux = createWhatsNewNux();

  function close() {
    if (!open) return;
    open = false;
    // When the dialog closes, for whatever reason, it dismisses what it shows.
    if (nux.shouldShow()) dismiss();
    __standin.ui.draw();
  }

  /** The main screen is displayed, and the dialog opens by itself. */
  function mainShown() {
    if (localStorage.getItem(DISMISSED)) tell();
    if (!nux.shouldShow()) return;
    open = true;
    __standin.ui.draw();
  }

  __standin.onboarding = { mainShown, close, get open() { return open; } };
  module(4, 'WAWebWhatsNewNux', () => ({ createWhatsNewNux, shouldShowWhatsNewNux: (days) => createWhatsNewNux(days).shouldShow() }));
  module(4, 'WAWebWhatsNewGatingUtils', () => ({
    isWhatsNewAutoModalEnabled: () => config.whats_new, getWhatsNewAutoModalCooldownDays: () => COOLDOWN_DAYS,
  }));
  module(4, 'WAWebModalManager', () => ({ ModalManager: { open() {}, close } }));
})();
