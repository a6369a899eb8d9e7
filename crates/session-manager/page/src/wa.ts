// The parts of the page and of wa-js that the bridge touches, as loosely typed
// as a thing deserves that changes every few weeks.

/** A Backbone-like model of the page. */
export interface Model {
  on(events: string, listener: (...args: any[]) => void): void;
  off(events: string, listener: (...args: any[]) => void): void;
  [key: string]: any;
}

/** The page's module loader, once it is there; `undefined` for a module that
 * is not registered (yet). */
export function pageModule(name: string): any {
  const load = (globalThis as any).require;
  if (typeof load !== "function") return undefined;
  try {
    return load(name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** wa-js, or `undefined` until it has found the page's modules. */
export function wpp(): any {
  const WPP = (globalThis as any).WPP;
  return WPP?.loader?.isInjected || WPP?.isInjected ? WPP : undefined;
}

/** The serialized form of a WhatsApp id or message key, whatever the page
 * calls the field this month. */
export function serialized(id: any): string {
  if (id === undefined || id === null) return "";
  if (typeof id === "string") return id;
  if (typeof id._serialized === "string") return id._serialized;
  return String(id.toString?.() ?? "");
}

/** Runs `read`; `fallback` when the page does not have what it reads. */
export function attempt<T>(read: () => T, fallback: T): T {
  try {
    return read() ?? fallback;
  } catch {
    return fallback;
  }
}
