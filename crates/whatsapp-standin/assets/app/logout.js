'use strict';
// Ends the link of the device: events, an empty profile, a navigation.
(() => {
  const { Socket, Cmd, BackendEventBus, storage, config, linking } = __standin;
  let leaving = false;

  /** Leaves because the device was unlinked on the phone (`bridge`) or logged out here. */
  function leave(bridge, reason) {
    if (leaving) return;
    leaving = true;
    linking.identity.device = null;
    BackendEventBus.trigger('starting_logout');
    if (bridge) Cmd.trigger('logout_from_bridge');
    if (config.cmd_logout) Cmd.trigger('logout');
    BackendEventBus.trigger('logout');
    Socket.set({ stream: 'DISCONNECTED' });
    const code = reason ? require('WAWebLogoutReason').getErrorCodeFromLogoutReason(reason) : null;
    // Listeners get this long before the page navigates.
    setTimeout(async () => {
      __standin.connection.end();
      await storage.wipe();
      location.assign(code === null ? '/?post_logout=1' : `/?post_logout=1&logout_reason=${code}`);
    }, config.logout_grace_ms);
  }

  async function byPage() {
    await __standin.connection.ask({ t: 'logout' });
    leave(false);
  }

  __standin.logout = { leave, byPage };
})();
