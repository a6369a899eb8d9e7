import { describe, expect, it } from 'vitest';

import { importsOf, sources } from './lib/sources.fixture';

/**
 * The folders from the lowest to the highest layer. A module may import from its
 * own folder or from lower layers, never from a higher one.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['lib'],
  ['api'],
  ['i18n'],
  ['live'],
  ['ui'],
  ['auth'],
  // The data of a contact, for several screens.
  ['people'],
  // Edited on a separate screen, used in conversations.
  ['quickanswers'],
  // The form of a schedule, for two screens.
  ['planning'],
  // The screens; `start` embeds parts of the others.
  [
    'campaigns',
    'contacts',
    'conversations',
    'help',
    'integrations',
    'messages',
    'optouts',
    'schedules',
    'settings',
    'users',
    'whatsapp',
  ],
  ['start'],
  ['app'],
  ['main.tsx'],
];

const modules = new Set(sources.keys());

const folderOf = (path: string): string => path.split('/')[0] ?? '';
const layerOf = (path: string): number =>
  LAYERS.findIndex((folders) => folders.includes(folderOf(path)));

describe('the layers of the page', () => {
  it('contain every module', () => {
    expect(modules.size).toBeGreaterThan(150);
    expect([...modules].filter((path) => layerOf(path) === -1)).toEqual([]);
  });

  it('import downwards only', () => {
    const upward = [...modules].flatMap((path) =>
      importsOf(path)
        .filter((to) => layerOf(to) > layerOf(path))
        .map((to) => `${path} -> ${to}`),
    );
    expect(upward).toEqual([]);
  });

  it('keep the screens independent', () => {
    const across = [...modules].flatMap((path) =>
      importsOf(path)
        .filter((to) => layerOf(to) === layerOf(path) && folderOf(to) !== folderOf(path))
        .map((to) => `${path} -> ${to}`),
    );
    expect(across).toEqual([]);
  });

  it('have no import cycles', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    function walk(path: string, way: readonly string[]) {
      if (way.includes(path)) {
        circles.push([...way.slice(way.indexOf(path)), path].join(' -> '));
        return;
      }
      if (done.has(path)) return;
      for (const to of importsOf(path)) walk(to, [...way, path]);
      done.add(path);
    }
    for (const path of modules) walk(path, []);
    expect(circles).toEqual([]);
  });
});
