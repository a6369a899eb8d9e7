import { describe, expect, it } from 'vitest';

// The services' own lists: a code that is added there fails here until it has words.
import errorSource from '../../../../session-api/src/error.rs?raw';
import failureSource from '../../../../session-manager/src/failure.rs?raw';
import causeSource from '../../../../session-manager/src/session/cause.rs?raw';
import { es } from './es';

const all = (source: string, pattern: RegExp): string[] =>
  Array.from(source.matchAll(pattern), (match) => match[1] ?? '');

// Only a defect of this page would be answered so: the service's words will do.
const UNTOLD = new Set(['UNSUPPORTED_MEDIA_TYPE']);

describe('every code of the services has words', () => {
  it('of failed requests', () => {
    const codes = all(errorSource, /^\s+\w+ = "([A-Z_]+)", \d{3};/gm);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !UNTOLD.has(code) && !Object.hasOwn(es.errors, code))).toEqual(
      [],
    );
  });

  it('of transitions and failures', () => {
    const codes = all(causeSource + failureSource, /=> "([A-Z_]+)",/g);
    expect(codes.length).toBeGreaterThan(20);
    const known = { ...es.causes, ...es.failures };
    expect(codes.filter((code) => !Object.hasOwn(known, code))).toEqual([]);
  });
});
