// Uploads files. The service sets the files on an input by their path, and Chrome reads them on
// demand, so that no content passes through the service's socket.

import { BridgeError } from "./errors";

/** The service's description of the file that it has set on an input. */
export interface HandedFile {
  mime: string;
  name: string;
  size: number;
}

/** The inputs that wait for their file, by the message's key. */
const inputs = new Map<string, HTMLInputElement>();
const MOST_INPUTS = 512;

/** Returns a detached input for the file of the message with this key. */
export function input(key: string): HTMLInputElement {
  const made = document.createElement("input");
  made.type = "file";
  inputs.delete(key);
  inputs.set(key, made);
  // Drop the oldest input, which is left over from a send that never came.
  if (inputs.size > MOST_INPUTS) inputs.delete(inputs.keys().next().value!);
  return made;
}

/** Returns the file of the message with this key, under the name that the service gave it. */
export function handed(key: string, { mime, name, size }: HandedFile): File {
  const picked = inputs.get(key)?.files?.[0];
  inputs.delete(key);
  // Chrome accepts an unreadable file silently.
  if (picked?.size !== size) throw new BridgeError("FAILED", "the browser could not read the file: nothing was sent");
  return new File([picked], name, { type: mime });
}
