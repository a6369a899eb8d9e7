import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';

import react from '@vitejs/plugin-react';
import english from 'emojibase-data/en/data.json' with { type: 'json' };
import spanish from 'emojibase-data/es/data.json' with { type: 'json' };
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const compress = promisify(brotliCompress);

/** Later ones are boxes on phones of some years ago. */
const NEWEST_EMOJI = 15;
/** Skin tones and hair, which are parts of others. */
const COMPONENTS = 2;

/**
 * The emoji with what the page needs of them, in both languages: a tenth of the
 * package's files (`src/conversations/compose/virtual-emoji.d.ts`).
 */
function emoji(): Plugin {
  const id = 'virtual:emoji';
  const inEnglish = new Map(english.map((one) => [one.hexcode, one]));
  return {
    name: 'emoji',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(resolved) {
      if (resolved !== `\0${id}`) return null;
      const rows = spanish
        .filter(({ group, version }) => group !== undefined && group !== COMPONENTS && version <= NEWEST_EMOJI)
        .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
        .map((one) => {
          const other = inEnglish.get(one.hexcode);
          const tags = new Set([...(one.tags ?? []), ...(other?.tags ?? [])]);
          // As phones write it: an emoji that is one by itself needs no mark to say so.
          const plain = one.emoji.replace(/^(\p{Emoji_Presentation})\uFE0F$/u, '$1');
          return [plain, one.group, one.label, other?.label ?? one.label, [...tags].join(' ')];
        });
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(rows))});`;
    },
  };
}

/** Adds a Brotli copy of each text file to the build, which the hub serves to whoever accepts it. */
function brotli(): Plugin {
  return {
    name: 'brotli',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      await Promise.all(
        Object.keys(bundle)
          .filter((name) => /\.(css|html|js)$/.test(name))
          .map(async (name) => {
            const path = join(dir ?? '', name);
            await writeFile(`${path}.br`, await compress(await readFile(path)));
          }),
      );
    },
  };
}

export default defineConfig({
  plugins: [react(), emoji(), brotli()],
  build: {
    target: 'es2022',
    // The hub sends `default-src 'self'`: an asset inlined as a data: URL would
    // be refused anywhere but in an image.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Two files arrive sooner than one, and far sooner than dozens.
            { name: 'react', test: /node_modules.(react|react-dom|scheduler)\// },
            { name: 'first', tags: ['$initial'] },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': 'http://127.0.0.1:3012' },
  },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'] },
});
