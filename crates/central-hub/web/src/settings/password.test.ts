import { describe, expect, it } from 'vitest';

import { checkPasswords, uptimeParts } from './password';

describe('a new password', () => {
  const good = { current: 'la de antes', next: 'la de ahora', again: 'la de ahora' };

  it.each([
    [good, {}],
    [{ ...good, current: '' }, { current: 'empty' }],
    [{ ...good, next: 'corta', again: 'corta' }, { next: 'short' }],
    // Ten characters, with more than ten UTF-16 units.
    [{ ...good, next: '🔑'.repeat(10), again: '🔑'.repeat(10) }, {}],
    [{ ...good, next: '🔑'.repeat(9), again: '🔑'.repeat(9) }, { next: 'short' }],
    [{ ...good, next: 'a'.repeat(257), again: 'a'.repeat(257) }, { next: 'long' }],
    [{ ...good, next: 'la de antes' }, { next: 'same' }],
    [{ ...good, again: 'la de ahor' }, { again: 'differs' }],
  ])('%j gives %j', (passwords, problems) => expect(checkPasswords(passwords)).toEqual(problems));
});

describe('the uptime', () => {
  it('is split into days, hours and minutes', () => {
    expect(uptimeParts(59)).toEqual({ days: 0, hours: 0, minutes: 0 });
    expect(uptimeParts(93_784)).toEqual({ days: 1, hours: 2, minutes: 3 });
  });
});
