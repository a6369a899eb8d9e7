/** An error with a code that the service understands. All codes except `UNCONFIRMED` mean that
 * nothing was sent. `NOT_READY` is known before anything began, `CONNECTION_LOST` occurs in the
 * middle of a lookup. `REFUSED` and the two limits come from the server and concern the
 * message's id; the other codes concern only this attempt. */
export class BridgeError extends Error {
  constructor(
    readonly code:
      | "NOT_READY"
      | "CONNECTION_LOST"
      | "NOT_ON_WHATSAPP"
      | "MESSAGE_NOT_FOUND"
      | "TOO_LARGE"
      | "MEDIA_GONE"
      | "NOT_CHANGEABLE"
      | "TOO_OLD"
      | "RECIPIENT_BLOCKED"
      | "REACH_OUT_LIMIT"
      | "NEW_CHAT_LIMIT"
      | "REFUSED"
      | "UNCONFIRMED"
      | "FAILED",
    message: string,
  ) {
    super(message);
  }
}

/** Converts a thrown value into a `BridgeError`. */
export function toBridgeError(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  const text = String((error as any)?.message ?? error).slice(0, 300);
  const code = (error as any)?.code === "file_too_large" ? "TOO_LARGE" : "FAILED";
  return new BridgeError(code, text);
}

export const BLOCKED = "this account has blocked the recipient: nothing was sent; unblock them on the phone";

/** Converts what the page throws while it sends. */
export function fromSend(error: unknown): BridgeError {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  // The page runs this check after it has stored the message, and throws before it sends.
  const blocked = name === "ContactBlockedError" || /contact is blocked/i.test(String(message ?? error));
  return blocked ? new BridgeError("RECIPIENT_BLOCKED", BLOCKED) : toBridgeError(error);
}
