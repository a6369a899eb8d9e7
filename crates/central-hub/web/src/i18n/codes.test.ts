import { describe, expect, it } from 'vitest';

// The services' own lists: a code added there fails here until it has a
// translation.
import phoneSource from '../../../../phone-number/src/fault.rs?raw';
import errorSource from '../../../../session-api/src/error.rs?raw';
import failureSource from '../../../../session-manager/src/failure.rs?raw';
import causeSource from '../../../../session-manager/src/session/cause.rs?raw';
import { en } from './en';
import { es } from './es';

const all = (source: string, pattern: RegExp): string[] =>
  Array.from(source.matchAll(pattern), (match) => match[1] ?? '');

const HUB = import.meta.glob<string>(
  ['../../../src/**/*.rs', '!../../../src/**/tests.rs', '!../../../src/**/tests/**', '!../../../src/config.rs', '!../../../src/config/**'],
  { query: '?raw', import: 'default', eager: true },
);

/** Uppercase strings in the hub's source that are not user-visible codes. */
const NOT_CODES: ReadonlySet<string> = new Set([
  // HTTP methods and headers, SQL keywords, environment variables.
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'DENY',
  'BEGIN',
  'BIGINT',
  'BLOB',
  'BYTEA',
  'INTEGER',
  'LEAST',
  'MIN',
  'ASCII',
  'REAL',
  'TEXT',
  'INTERNAL_TOKEN',
  'BACKUP_DIR',
  'DATA_DIR',
  'CARGO_PKG_VERSION',
  'SCREAMING_SNAKE_CASE',
  // States that are not reported as a reason, directions in the Node tables.
  'OK',
  'NO_QR',
  'NODE_PAIR',
  'IN',
  'OUT',
  // Alert kinds, which have a title instead.
  'TEST',
  'DIGEST',
  // Opt-out words.
  'BAJA',
  'STOP',
  'UNSUBSCRIBE',
  // Examples in the documentation.
  'A1B2',
  'AQIDBA',
  'MAYCAQECAQE',
]);

const keysOf = (...tables: readonly object[]): Set<string> =>
  new Set(tables.flatMap((table) => Object.keys(table)));

describe.each([
  ['es', es],
  ['en', en],
])('the translations of codes (%s)', (_, t) => {
  it('include failed requests', () => {
    const codes = all(errorSource, /^\s+\w+ = "([A-Z_]+)", \d{3};/gm);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !Object.hasOwn(t.errors, code))).toEqual([]);
  });

  it('include transitions and failures', () => {
    const codes = all(causeSource + failureSource, /=> "([A-Z_]+)",/g);
    expect(codes.length).toBeGreaterThan(20);
    const known = { ...t.causes, ...t.failures };
    expect(codes.filter((code) => !Object.hasOwn(known, code))).toEqual([]);
  });

  it('include invalid numbers', () => {
    const codes = all(phoneSource, /=> "([A-Z_]+)",/g);
    expect(codes.length).toBeGreaterThan(8);
    expect(codes.filter((code) => !Object.hasOwn(t.campaigns.lists.reasons, code))).toEqual([]);
  });

  it('include the hub’s codes: errors, list faults, pauses, obstacles and transitions', () => {
    const translated = keysOf(
      t.errors,
      t.causes,
      t.failures,
      t.whatsapp.states,
      t.campaigns.causes,
      t.campaigns.form.mistakes,
      t.campaigns.lists.reasons,
      t.campaigns.lists.faults,
      t.campaigns.cures,
      t.start.pauses,
      t.start.waits,
      t.integrations.failures,
    );
    expect(Object.keys(HUB).length).toBeGreaterThan(60);
    const found = Object.values(HUB).flatMap((source) => {
      const code = (source.split('#[cfg(test)]')[0] ?? '').replaceAll(/^\s*\/\/.*$/gm, '');
      return all(code, /"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"/g);
    });
    const codes = new Set(found.filter((code) => !NOT_CODES.has(code) && !/^A{10}/.test(code)));
    for (const one of ['LIST_IS_WORKBOOK', 'BAD_ENCODING', 'TEXT_INVALID', 'HEARD']) {
      expect(codes).toContain(one);
    }
    expect([...codes].filter((code) => !translated.has(code)).sort()).toEqual([]);
  });
});
