import { describe, expect, it } from 'vitest';

import { fromExtension, parseAnswer, snippet } from './extension';

const request = {
  challenge: 'AQ',
  timeout: 600_000,
  rpId: 'whatsapp.com',
  allowCredentials: [],
  userVerification: 'required',
  extensions: { uvm: true },
};

describe('the passkey between this page and WhatsApp’s', () => {
  it('is asked for with all that WhatsApp asks', () => {
    const text = snippet(request);
    expect(text).toContain(JSON.stringify(request));
    expect(text).not.toContain('\n');
  });

  it('is taken as the console prints it', () => {
    const answer = JSON.stringify({ id: 'AQ', response: { signature: 'AQ' } });
    for (const pasted of [answer, ` ${answer}\n`, `'${answer}'`]) {
      expect(parseAnswer(pasted)?.id).toBe('AQ');
    }
  });

  it('is not taken for what it is not', () => {
    for (const pasted of ['', 'undefined', '[]', '{}', '"AQ"', '{"id":']) {
      expect(parseAnswer(pasted)).toBeNull();
    }
  });

  it('is of the extension alone', () => {
    const ready = { source: 'leadmaster-passkey', type: 'ready' };
    expect(fromExtension({ data: ready })).toEqual(ready);
    for (const data of [null, 'ready', { type: 'ready' }, { source: 'leadmaster-page' }]) {
      expect(fromExtension({ data })).toBeNull();
    }
  });
});
