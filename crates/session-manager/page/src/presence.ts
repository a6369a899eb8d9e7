// Sets whether the account appears as online. A visible, focused page sends "available" all day,
// and the phone may then not notify of incoming messages.

import { wpp } from "./wa";

export type Presence = "available" | "unavailable";

let requested: Presence = "unavailable";
let applied = false;

export function wantPresence(presence: Presence): void {
  requested = presence;
}

/** Sets the presence once per document; wa-js makes the page keep the setting. */
export function applyPresence(): void {
  if (applied || requested === "available") return;
  applied = true;
  void Promise.resolve()
    .then(() => wpp().conn.markUnavailable())
    .catch(() => {
      applied = false;
    });
}
