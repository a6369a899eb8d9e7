import { describe, expect, it } from 'vitest';

import { common } from './i18n/es/common';
import { screens } from './i18n/es/screens';

// The source of every module of the page, by path.
const SOURCES = import.meta.glob<string>(['./**/*.ts', './**/*.tsx', '!./**/*.test.{ts,tsx}'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Resolves a relative import to a module of the page; null for other files. */
function resolve(from: string, to: string): string | null {
  const parts = from.split('/').slice(0, -1);
  for (const part of to.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  const path = parts.join('/');
  return [`${path}.ts`, `${path}.tsx`, `${path}/index.ts`].find((one) => one in SOURCES) ?? null;
}

/** Returns the modules that come with the page: what `main.tsx` imports other than by `import()`. */
function firstVisit(): readonly string[] {
  const found = new Set(['./main.tsx']);
  for (const path of found) {
    const imports = (SOURCES[path] ?? '').matchAll(/^(?:import|export) (?!type)[^;]*?'(\.[^']*)';/gms);
    for (const [, to = ''] of imports) {
      const target = resolve(path, to);
      if (target) found.add(target);
    }
  }
  return [...found];
}

describe('a first visit', () => {
  const modules = firstVisit();

  it('loads the frame and the start screen, and no other', () => {
    expect(modules).toContain('./app/Frame.tsx');
    expect(modules).toContain('./start/StartScreen.tsx');
    const screensFound = modules.filter((path) => /\wScreen\.tsx$/.test(path));
    expect(screensFound).toEqual(['./start/StartScreen.tsx']);
    expect(modules).not.toContain('./i18n/es/screens.ts');
    expect(modules).not.toContain('./ui/styles.ts');
  });

  it('uses none of the texts that are loaded later', () => {
    const keys = Object.keys(screens).filter((key) => !(key in common)).join('|');
    const use = new RegExp(
      `(?:\\bt|useText\\(\\))\\.(?:${keys})\\b|\\{[^{}]*\\b(?:${keys})\\b[^{}]*\\} = useText`,
      'g',
    );
    const uses = modules
      // Translates also what only other screens are told.
      .filter((path) => path !== './i18n/lookup.ts')
      .flatMap((path) => Array.from((SOURCES[path] ?? '').matchAll(use), ([text]) => `${path}: ${text}`));
    expect(uses).toEqual([]);
  });
});
