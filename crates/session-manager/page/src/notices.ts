// Tracks the notices (ban, outage, forced logout) that WhatsApp displays in place of the chats, and
// their end. Uses the page's events, by all names that their sources have had.

import { type Model, pageModule } from "./wa";

export type Notice =
  /** End of the ban, in milliseconds since 1970. */
  | { kind: "temporary_ban"; code: number | null; until: number | null }
  | { kind: "service_unavailable" }
  | { kind: "unexpected_logout"; reason: string };

let ban: Notice | null = null;
let other: Notice | null = null;

/** Returns the current notice. */
export function notice(stream: string | null): Notice | null {
  // A connected device is no longer refused.
  if (stream === "CONNECTED" && other?.kind === "service_unavailable") other = null;
  return ban ?? other;
}

/** Converts `expire`, a duration in seconds. A larger number would be a timestamp. */
function until(expire: unknown): number | null {
  const seconds = Number(expire);
  if (!Number.isFinite(seconds) || seconds <= 0) return null;
  return seconds > 1e9 ? seconds * 1000 : Math.round(Date.now() + seconds * 1000);
}

export function attachNotices(report: () => void): boolean {
  const cmd: Model | undefined = pageModule("WAWebCmd")?.Cmd;
  if (!cmd || typeof cmd.on !== "function") return false;
  const on = (names: string[], take: (payload: any) => void): void => {
    for (const name of names) {
      cmd.on(name, (payload: any) => {
        take(payload);
        report();
      });
    }
  };
  // The event is also sent with every login, to report that there is no ban.
  on(["account_temporarily_banned_from_bridge", "temporary_ban_from_bridge"], (payload) => {
    const code = Number(payload?.code);
    ban = payload?.banned === false ? null : { kind: "temporary_ban", code: Number.isFinite(code) ? code : null, until: until(payload?.expire) };
  });
  on(["service_unavailable_503_from_bridge"], () => {
    other = { kind: "service_unavailable" };
  });
  on(["unexpected_logout_modal_from_bridge", "unexpected_logout_modal"], (payload) => {
    other = { kind: "unexpected_logout", reason: String(payload?.reason ?? payload ?? "no reason given").slice(0, 100) };
  });
  return true;
}
