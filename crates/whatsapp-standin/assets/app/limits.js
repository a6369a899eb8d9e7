'use strict';
// Holds what WhatsApp allows this account, as the page knows it: the lock on writing to people who
// never wrote, the monthly limit on new chats, and the progress of the history. Nearly all of the
// history comes with a sync; the rest comes only after a new link.
(() => {
  const { BaseModel, Cmd, module, config } = __standin;

  // The real page keeps these in the profile; here they last as long as the page.
  const kept = new Map();
  const userPrefsIdb = {
    get: (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    remove: async (key) => void kept.delete(key),
  };

  const LOCK = 'WAReachoutTimelockState';
  const CAPPING = 'WANewChatMessageCappingData';
  const mirror = (...names) => Object.fromEntries(names.map((name) => [name, name]));
  const STATUS = mirror('NONE', 'FIRST_WARNING', 'SECOND_WARNING', 'CAPPED');

  const isOver = () => Date.now() / 1000 > kept.get(CAPPING)?.cycle_end_timestamp;

  /** Handles limits that the server sends unasked. */
  function take({ reach_out: lock, new_chats: cap }) {
    takeLock(lock);
    takeCap(cap);
  }

  function takeLock(lock) {
    if (lock) kept.set(LOCK, { state: 0, time_enforcement_ends: lock.until_ms, enforcement_type: lock.kind });
    else kept.delete(LOCK);
    Cmd.trigger('reachout_timelock_state_change');
  }

  function takeCap(cap) {
    // Accounts without this limit have no record of it.
    if (cap) {
      kept.set(CAPPING, {
        capping_status: cap.status, total_quota: cap.total, used_quota: Math.min(cap.used, cap.total), cycle_end_timestamp: cap.cycle_end_s,
        cycle_start_timestamp: cap.cycle_end_s - 30 * 24 * 3600, server_sent_timestamp: Math.floor(Date.now() / 1000),
        ote_status: 'NOT_ELIGIBLE', mv_status: 'NOT_ACTIVE',
      });
    } else kept.delete(CAPPING);
    Cmd.trigger('new_chat_message_capping_state_change');
  }

  /** Records that the server rejected a message for the monthly limit. */
  function capped() {
    if (kept.has(CAPPING)) kept.set(CAPPING, { ...kept.get(CAPPING), capping_status: STATUS.CAPPED });
    Cmd.trigger('new_chat_message_capping_state_change');
  }

  const ask = () => __standin.connection.ask({ t: 'limits' });
  // The limits are requested only once per document, as on the real page.
  let asked = null;

  class HistorySyncProgressModel extends BaseModel {
    static defaults = { incomplete: false, realProgress: null, fakeProgress: 0, remainingPausedSeconds: null };
  }
  const progress = new HistorySyncProgressModel();
  // The number of seconds that a paused phone has left. At 0 the page continues without the phone.
  if (config.history_paused_out) progress.set('remainingPausedSeconds', 0);
  const history = { reach: (percent) => progress.set('realProgress', Math.max(progress.realProgress ?? 0, percent)) };

  Object.assign(__standin, { limits: { take, capped }, history });

  module(2, 'WAWebUserPrefsIndexedDBStorage', () => ({ userPrefsIdb }));
  module(3, 'WAWebReachoutTimelockUtils', () => ({
    REACHOUT_TIMELOCK_IDB_KEY: LOCK,
    isUserReachoutTimelocked: () => kept.has(LOCK),
  }));
  module(3, 'WAWebGetReachoutTimelockJob', () => ({ fetchReachoutTimelock: () => ask().then(({ reach_out }) => takeLock(reach_out)) }));
  module(3, 'WAWebIndividualNewChatMessageCappingLimitGatingUtils', () => ({ isIndividualNewChatMessageCappingEnabled: () => true }));
  module(3, 'WAWebIndividualNewChatMessageCappingLimitUtils', () => ({
    NEW_CHAT_MESSAGE_CAPPING_IDB_KEY: CAPPING,
    isUserCapped: () => kept.get(CAPPING)?.capping_status === STATUS.CAPPED && !isOver(),
    getCappingStatus: () => kept.get(CAPPING)?.capping_status ?? STATUS.NONE,
    getCappingData: () => kept.get(CAPPING),
  }));
  module(3, 'WAWebGetNewChatMessageCappingInfoJob', () => ({
    fetchOrUpdateCapStatus: () => (asked ??= ask().then(({ new_chats }) => takeCap(new_chats))),
  }));
  module(3, 'WAWebUserPrefsHistorySync', () => ({ getHistorySyncStatus: async () => ({ recentCompleted: (progress.realProgress ?? 0) >= 100 }) }));
  module(3, 'WAWebHistorySyncProgressModel', () => ({ HistorySyncProgressModel, getHistorySyncProgressModel: () => progress }));
})();
