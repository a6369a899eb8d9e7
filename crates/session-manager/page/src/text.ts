// Bounds text that others wrote: a stranger's message may have any size and may be made to deceive.

/** Control characters, and characters that reorder or hide adjacent text. Line breaks are kept. */
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const SURROGATE = /[\ud800-\udbff]$/;

/** Returns the beginning of a text, at most `limit` characters, unmodified. */
export function cut(value: unknown, limit: number): string {
  if (typeof value !== "string") return "";
  return value.length > limit ? value.slice(0, limit).replace(SURROGATE, "") : value;
}

/** Returns the beginning of a text on one line, without invisible characters; `null` if nothing
 * is left. */
export function label(value: unknown, limit: number): string | null {
  const text = cut(value, 4 * limit).replace(HIDDEN, "").replace(/\s+/g, " ").trim();
  return cut(text, limit) || null;
}

/** Returns a file's name without its folders. */
export function filename(value: unknown): string | null {
  const last = cut(value, 4096).split(/[/\\]/).at(-1) ?? "";
  const name = label(last, 4096)?.replace(/[:*?"<>|]/g, "_").replace(/^\.+/, "") ?? "";
  if (name.length <= 120) return name || null;
  // Keep the extension, which tells the kind of file.
  const end = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? "";
  return cut(name, 120 - end.length) + end;
}

/** Returns a whole number within bounds. */
export function count(value: unknown, most: number): number | null {
  const number = Math.round(Number(value ?? Number.NaN));
  return number >= 0 && number <= most ? number : null;
}

/** Returns an address that can be opened. */
export function link(value: unknown): string | null {
  const text = cut(value, 2048);
  return /^https?:\/\/[^\s<>"']+$/i.test(text) ? text : null;
}

/** Converts `null` to `undefined`, which JSON omits. */
export const given = <T>(value: T | null): T | undefined => value ?? undefined;
