// Gives access to the parts of the page and of wa-js that the bridge uses. They are loosely typed,
// since they change every few weeks.

/** A model of the page, similar to Backbone's. */
export interface Model {
  on(events: string, listener: (...args: any[]) => void): void;
  off(events: string, listener: (...args: any[]) => void): void;
  [key: string]: any;
}

/** Returns a module from the page's loader; `undefined` if the loader or the module is not
 * available (yet). */
export function pageModule(name: string): any {
  const load = (globalThis as any).require;
  if (typeof load !== "function") return undefined;
  try {
    return load(name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns wa-js, or `undefined` until it has found the page's modules. */
export function wpp(): any {
  const WPP = (globalThis as any).WPP;
  return WPP?.loader?.isInjected || WPP?.isInjected ? WPP : undefined;
}

/** Returns the serialized form of a WhatsApp id or message key, whatever name the page currently
 * gives the field. */
export function serialized(id: any): string {
  if (id === undefined || id === null) return "";
  if (typeof id === "string") return id;
  if (typeof id._serialized === "string") return id._serialized;
  return String(id.toString?.() ?? "");
}

/** Returns the emitter of the page's linking events, which wa-js exposes under another name as
 * well. */
export function linkEvents(): Model | undefined {
  const events: Model | undefined =
    pageModule("WAWebLinkDeviceEvents")?.WAWebLinkDeviceEvents ?? attempt(() => wpp().whatsapp.LinkDeviceEvents, undefined);
  return typeof events?.on === "function" ? events : undefined;
}

/** Runs `read`; returns `fallback` if it throws or returns nothing, as a part is missing. */
export function attempt<T>(read: () => T, fallback: T): T {
  try {
    return read() ?? fallback;
  } catch {
    return fallback;
  }
}
