'use strict';
// The "What's new" dialog of a freshly linked device, as WAWebWhatsNewModal
// shows it: it is dismissed for good by its button or its cross.
(() => {
  const { module, config } = __standin;
  const DISMISSED = 'WAWhatsNewDismissed';
  const COOLDOWN_DAYS = 30;
  let open = false;

  function dismiss() {
    localStorage.setItem(DISMISSED, String(Date.now()));
    __standin.connection.say({ t: 'whats_new_seen' });
  }

  const nux = { shouldShow: () => config.whats_new && !localStorage.getItem(DISMISSED), dismiss };

  function close() {
    if (!open) return;
    open = false;
    // The dialog dismisses what it shows when it goes, however that came.
    if (nux.shouldShow()) dismiss();
    __standin.ui.draw();
  }

  /** The main screen is there: the dialog opens by itself. What was dismissed
   * while offline is sent now, as the page keeps what it could not send. */
  function mainShown() {
    if (localStorage.getItem(DISMISSED)) __standin.connection.say({ t: 'whats_new_seen' });
    if (!nux.shouldShow()) return;
    open = true;
    __standin.ui.draw();
  }

  __standin.onboarding = { mainShown, close, get open() { return open; } };
  module(4, 'WAWebWhatsNewNux', () => ({ createWhatsNewNux: () => nux }));
  module(4, 'WAWebWhatsNewGatingUtils', () => ({
    isWhatsNewAutoModalEnabled: () => config.whats_new, getWhatsNewAutoModalCooldownDays: () => COOLDOWN_DAYS,
  }));
  module(4, 'WAWebModalManager', () => ({ ModalManager: { open() {}, close } }));
})();
