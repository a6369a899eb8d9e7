// File uploads: the service sets them on an input, by their path, and Chrome reads them
// when they are needed. Nothing of them passes through the service's socket.

import { BridgeError } from "./errors";

/** As the service describes the file that it has set. */
export interface HandedFile {
  mime: string;
  name: string;
  size: number;
}

/** Inputs that wait for their file, by the message's key. */
const inputs = new Map<string, HTMLInputElement>();
const MOST_INPUTS = 512;

/** An input, in no document, for the file of the message with this key. */
export function input(key: string): HTMLInputElement {
  const made = document.createElement("input");
  made.type = "file";
  inputs.delete(key);
  inputs.set(key, made);
  // Of a send that never came.
  if (inputs.size > MOST_INPUTS) inputs.delete(inputs.keys().next().value!);
  return made;
}

/** The file of the message with this key, under its own name. */
export function handed(key: string, { mime, name, size }: HandedFile): File {
  const picked = inputs.get(key)?.files?.[0];
  inputs.delete(key);
  // Chrome takes a file that it cannot read without a word.
  if (picked?.size !== size) throw new BridgeError("FAILED", "the browser could not read the file: nothing was sent");
  return new File([picked], name, { type: mime });
}
