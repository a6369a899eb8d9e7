const FILES = import.meta.glob<string>(
  ['/src/**/*.ts', '/src/**/*.tsx', '!/src/**/*.test.{ts,tsx}'],
  { query: '?raw', import: 'default', eager: true },
);

/** The source of every module of the page, by its path below `src`. */
export const sources: ReadonlyMap<string, string> = new Map(
  Object.entries(FILES).map(([path, text]) => [path.replace(/^\/src\//, ''), text]),
);

/** Every import of a module of the page, also of types and by `import()`. */
const ANY_IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']*)'/g;
/** The imports that are loaded with a module. */
export const LOADED_IMPORT = /^(?:import|export) (?!type)[^;]*?'(\.[^']*)';/gms;

/** Returns the modules of the page that a module imports. Throws if one is not there. */
export function importsOf(path: string, pattern = ANY_IMPORT): string[] {
  const folder = path.split('/').slice(0, -1);
  const found = (sources.get(path) ?? '').matchAll(pattern);
  return Array.from(found, ([, to = '']) => to.replace(/\?.*/, ''))
    .filter((to) => !/\.(css|md)$/.test(to))
    .map((to) => {
      const parts = [...folder];
      for (const part of to.split('/')) {
        if (part === '..') parts.pop();
        else if (part !== '.') parts.push(part);
      }
      const target = parts.join('/');
      const whole = ['.ts', '.tsx', '/index.ts'].map((end) => target + end);
      const one = whole.find((name) => sources.has(name));
      if (one === undefined) throw new Error(`${path} imports ${to}, which is not there`);
      return one;
    });
}
