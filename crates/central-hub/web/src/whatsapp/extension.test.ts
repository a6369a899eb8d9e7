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

describe('the passkey exchange with WhatsApp’s page', () => {
  it('requests the passkey with all of WhatsApp’s options', () => {
    const text = snippet(request);
    expect(text).toContain(JSON.stringify(request));
    expect(text).not.toContain('\n');
  });

  it('accepts the output of the console', () => {
    const answer = JSON.stringify({ id: 'AQ', response: { signature: 'AQ' } });
    for (const pasted of [answer, ` ${answer}\n`, `'${answer}'`]) {
      expect(parseAnswer(pasted)?.id).toBe('AQ');
    }
  });

  it('rejects other text', () => {
    for (const pasted of ['', 'undefined', '[]', '{}', '"AQ"', '{"id":']) {
      expect(parseAnswer(pasted)).toBeNull();
    }
  });

  it('ignores messages that are not from the extension', () => {
    const ready = { source: 'leadmaster-passkey', type: 'ready' };
    expect(fromExtension({ data: ready })).toEqual(ready);
    for (const data of [null, 'ready', { type: 'ready' }, { source: 'leadmaster-page' }]) {
      expect(fromExtension({ data })).toBeNull();
    }
  });
});
