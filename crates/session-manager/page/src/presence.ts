// Presence: whether the account shows as online. A page that is visible and focused says
// so all day, and the phone may then stay silent about what comes in.

import { wpp } from "./wa";

export type Presence = "available" | "unavailable";

let wanted: Presence = "unavailable";
let applied = false;

export function wantPresence(presence: Presence): void {
  wanted = presence;
}

/** Says it once in a document; wa-js keeps the page to it. */
export function applyPresence(): void {
  if (applied || wanted === "available") return;
  applied = true;
  void Promise.resolve()
    .then(() => wpp().conn.markUnavailable())
    .catch(() => {
      applied = false;
    });
}
