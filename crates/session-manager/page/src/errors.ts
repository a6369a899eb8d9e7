/** Codes that the service understands; all but `UNCONFIRMED` mean that
 * nothing was sent. `FAILED` says so of this attempt, `REFUSED` of the
 * message's id. */
export class BridgeError extends Error {
  constructor(
    readonly code: "NOT_READY" | "NOT_ON_WHATSAPP" | "MESSAGE_NOT_FOUND" | "REFUSED" | "UNCONFIRMED" | "FAILED",
    message: string,
  ) {
    super(message);
  }
}

/** What was thrown, as one of ours. */
export function told(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  const text = String((error as any)?.message ?? error).slice(0, 300);
  return new BridgeError("FAILED", text);
}
