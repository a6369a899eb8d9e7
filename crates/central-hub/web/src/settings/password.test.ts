import { describe, expect, it } from 'vitest';

import { checkPasswords } from './password';

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
