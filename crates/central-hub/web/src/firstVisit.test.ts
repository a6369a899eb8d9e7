import { describe, expect, it } from 'vitest';

import { common } from './i18n/es/common';
import { screens } from './i18n/es/screens';
import { importsOf, LOADED_IMPORT, sources } from './lib/sources.fixture';

/** Returns the modules that come with the page: what `main.tsx` imports other than by `import()`. */
function firstVisit(): readonly string[] {
  const found = new Set(['main.tsx']);
  for (const path of found) importsOf(path, LOADED_IMPORT).forEach((to) => found.add(to));
  return [...found];
}

describe('a first visit', () => {
  const modules = firstVisit();

  it('loads the frame and the start screen, and no other', () => {
    expect(modules).toContain('app/Frame.tsx');
    expect(modules).toContain('start/StartScreen.tsx');
    const screensFound = modules.filter((path) => /\wScreen\.tsx$/.test(path));
    expect(screensFound).toEqual(['start/StartScreen.tsx']);
    expect(modules).not.toContain('i18n/es/screens.ts');
    expect(modules).not.toContain('ui/styles.ts');
  });

  it('uses none of the texts that are loaded later', () => {
    const keys = Object.keys(screens).filter((key) => !(key in common)).join('|');
    const use = new RegExp(
      `(?:\\bt|useText\\(\\))\\.(?:${keys})\\b|\\{[^{}]*\\b(?:${keys})\\b[^{}]*\\} = useText`,
      'g',
    );
    const uses = modules
      // Translates also what only other screens are told.
      .filter((path) => path !== 'i18n/lookup.ts')
      .flatMap((path) => Array.from((sources.get(path) ?? '').matchAll(use), ([text]) => `${path}: ${text}`));
    expect(uses).toEqual([]);
  });
});
