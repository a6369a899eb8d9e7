import { describe, expect, it } from 'vitest';

import { checkToken, checkWebhook, NEW_TOKEN, NEW_WEBHOOK, newTokenOf, webhookBodyOf } from './form';

describe('a webhook', () => {
  const good = { ...NEW_WEBHOOK, url: ' https://crm.example.com/wa ' };
  it('needs an http(s) URL and an event type', () => {
    expect(checkWebhook(good)).toEqual({});
    expect(checkWebhook({ ...good, eventos: [] })).toEqual({ eventos: 'events' });
    for (const url of ['', 'crm.example.com', 'ftp://a', 'https://', 'javascript:alert(1)'])
      expect(checkWebhook({ ...good, url })).toEqual({ url: 'url' });
    for (const cliente_id of ['0', 'x', '-3'])
      expect(checkWebhook({ ...good, cliente_id })).toEqual({ cliente_id: 'business' });
  });

  it('is converted into a request', () => {
    expect(webhookBodyOf({ ...good, cliente_id: ' 51 ' })).toEqual({
      url: 'https://crm.example.com/wa',
      descripcion: '',
      eventos: ['message', 'ack'],
      cliente_id: 51,
      activo: true,
    });
    expect(webhookBodyOf(good).cliente_id).toBeNull();
  });
});

describe('a token', () => {
  const good = { ...NEW_TOKEN, name: 'cron' };
  it('needs a name and a scope', () => {
    expect(checkToken(good)).toEqual({});
    expect(checkToken({ ...good, name: '  ', scopes: [] })).toEqual({ name: 'name', scopes: 'scopes' });
    for (const days of ['0', '1.5', '3651', 'x']) expect(checkToken({ ...good, days })).toEqual({ days: 'days' });
  });

  it('expires a number of days from now', () => {
    const now = Date.parse('2026-02-28T12:00:00Z');
    expect(newTokenOf(good, now)).toEqual({ name: 'cron', scopes: ['read', 'send'] });
    expect(newTokenOf({ ...good, days: '30' }, now).expires_at).toBe('2026-03-30T12:00:00.000Z');
  });
});
