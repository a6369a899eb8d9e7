// Recognizes missed calls, which the page stores in a chat as messages.

import { type Model, attempt, pageModule } from "./wa";

/** Returns the missed call; `null` if the message is not one. */
export function missedCall(msg: Model): { video: boolean } | null {
  if (msg?.type !== "call_log" || String(msg.id ?? "").startsWith("true_") || msg.id?.fromMe) return null;
  const missed = attempt<boolean>(() => pageModule("WAWebMsgGetters").getIsMissedCall(msg), false);
  const outcome = String(msg.callOutcome ?? "");
  // A call that the caller ends before it is answered counts as missed as well.
  return missed || /miss|cancel/i.test(outcome) ? { video: Boolean(msg.isVideoCall) } : null;
}
