// Reports the limits that WhatsApp sets for this account, as the page knows them: the restriction
// on writing to people who never wrote first, the monthly limit on new chats, and the progress of
// the history sync after a new link.

import { note, post } from "./channel";
import { type Model, attempt, pageModule, wpp } from "./wa";

/** Times in milliseconds since 1970. */
export interface Limits {
  reach_out: { locked: boolean; until: number | null; kind: string | null };
  new_chats: { status: string; used: number; total: number | null; cycle_end: number | null };
  /** Progress of the history sync, in percent. `null` before the page's first report, absent if
   * the page has no such state. */
  history?: number | null;
}

/** The minimum interval between requests to the server, in milliseconds. */
const REFRESH_MS = 60_000;
const STATUSES = ["NONE", "FIRST_WARNING", "SECOND_WARNING", "CAPPED"];

let last = "";
let refreshedAt = Number.NEGATIVE_INFINITY;
let noted = false;
let history: Model | null = null;
/** Whether the page recorded that the recent history is complete. */
let recentComplete = false;

const whole = (value: unknown): number | null => {
  const number = Number(value ?? Number.NaN);
  return Number.isFinite(number) ? Math.trunc(number) : null;
};

function reachOut(): Limits["reach_out"] {
  const utils = pageModule("WAWebReachoutTimelockUtils");
  const record = attempt<any>(() => pageModule("WAWebUserPrefsIndexedDBStorage").userPrefsIdb.get(utils.REACHOUT_TIMELOCK_IDB_KEY), null);
  const until = whole(record?.time_enforcement_ends);
  // The page keeps its record until the server lifts the restriction.
  const locked = attempt(() => Boolean(utils.isUserReachoutTimelocked()), false) && (until === null || until > Date.now());
  if (!locked) return { locked, until: null, kind: null };
  return { locked, until, kind: record?.enforcement_type ? String(record.enforcement_type) : null };
}

function newChats(): Limits["new_chats"] {
  const utils = pageModule("WAWebIndividualNewChatMessageCappingLimitUtils");
  const enabled = attempt(
    () => Boolean(pageModule("WAWebIndividualNewChatMessageCappingLimitGatingUtils").isIndividualNewChatMessageCappingEnabled()),
    true,
  );
  const data = enabled ? attempt<any>(() => utils.getCappingData(), null) : null;
  const end = whole(data?.cycle_end_timestamp);
  const cycle_end = end && end > 0 ? end * 1000 : null;
  if (!data || (cycle_end !== null && cycle_end <= Date.now())) return { status: "NONE", used: 0, total: null, cycle_end: null };
  const status = String(data.capping_status ?? "NONE");
  const total = whole(data.total_quota);
  return {
    status: STATUSES.includes(status) ? status : "NONE",
    used: Math.max(whole(data.used_quota) ?? 0, 0),
    // -1 means unlimited.
    total: total !== null && total >= 0 ? total : null,
    cycle_end,
  };
}

function historyModel(): Model | null {
  if (history) return history;
  const model =
    attempt<any>(() => pageModule("WAWebHistorySyncProgressModel").getHistorySyncProgressModel(), null) ??
    attempt<any>(() => wpp().whatsapp.functions.getHistorySyncProgress(), null);
  if (!model) return null;
  history = model;
  attempt(() => model.on("change:realProgress", watchHistory), null);
  attempt(() => model.on("change:remainingPausedSeconds", reportLimits), null);
  return history;
}

/** Returns the progress of the history sync. Combines three sources in the page: the progress,
 * the record that the recent part is complete, and the deadline of a phone that paused. */
function historyProgress(model: Model | null): number | null | undefined {
  if (recentComplete) return 100;
  if (!model) return undefined;
  const paused = whole(model.remainingPausedSeconds);
  return paused !== null && paused <= 0 ? 100 : whole(model.realProgress);
}

/** Reads the page's record again, and reports any change. */
export function watchHistory(): void {
  historyModel();
  reportLimits();
  if (recentComplete) return;
  // The page reads the record from the profile, so the answer is asynchronous.
  Promise.resolve(attempt<any>(() => pageModule("WAWebUserPrefsHistorySync").getHistorySyncStatus(), null))
    .then((status) => {
      recentComplete = status?.recentCompleted === true;
      if (recentComplete) reportLimits();
    })
    .catch(() => {});
}

export function readLimits(): Limits {
  const limits: Limits = { reach_out: reachOut(), new_chats: newChats() };
  const progress = historyProgress(historyModel());
  if (progress !== undefined) limits.history = progress;
  return limits;
}

export function reportLimits(): void {
  const limits = readLimits();
  const text = JSON.stringify(limits);
  if (text === last) return;
  last = text;
  post({ type: "limits", limits });
}

/** Requests the limits from the server, unless that was done a moment ago. Reports changes as
 * they arrive. */
async function refresh(): Promise<void> {
  if (performance.now() - refreshedAt < REFRESH_MS) return;
  refreshedAt = performance.now();
  const jobs: Array<() => unknown> = [
    () => pageModule("WAWebGetReachoutTimelockJob").fetchReachoutTimelock(),
    // The page itself makes this request once per document, and receives updates later.
    () => pageModule("WAWebGetNewChatMessageCappingInfoJob").fetchOrUpdateCapStatus(),
  ];
  const failed = (await Promise.allSettled(jobs.map(async (job) => job()))).some(({ status }) => status === "rejected");
  if (failed && !noted) {
    noted = true;
    note("info", "the account's limits could not be requested from WhatsApp: only the page's events report them");
  }
  reportLimits();
}

/** Requests the limits again after a refusal, when their details may be available. */
export function refreshLimitsSoon(): void {
  refresh().catch(() => {});
}

/** Returns the current limits; the server is queried in the background. */
export function limits(): Limits {
  refreshLimitsSoon();
  return readLimits();
}

let attached = false;

/** Subscribes to changes of the limits, then reports the current limits. Returns whether the
 * page's history model was found. */
export function attachLimits(): boolean {
  if (!attached) {
    const cmd: Model | undefined = pageModule("WAWebCmd")?.Cmd;
    if (!cmd || typeof cmd.on !== "function") return false;
    attached = true;
    for (const event of ["reachout_timelock_state_change", "new_chat_message_capping_state_change"]) cmd.on(event, reportLimits);
  }
  // The history model registers later; the other limits are known without it.
  if (historyModel()) reportLimits();
  return history !== null;
}
