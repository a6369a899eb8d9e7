import { describe, expect, it } from 'vitest';

import { uptimeParts } from './uptime';

describe('the uptime', () => {
  it('is split into days, hours and minutes', () => {
    expect(uptimeParts(59)).toEqual({ days: 0, hours: 0, minutes: 0 });
    expect(uptimeParts(93_784)).toEqual({ days: 1, hours: 2, minutes: 3 });
  });
});
