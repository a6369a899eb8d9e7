// Opens the hub's page in Chromium as a user does, and calls the hub's API as the administrator.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, assert, eventually } from './peer.mjs';

const LONG = 60_000;

/** Returns the helpers for one browser. `args` are passed to Chromium after the usual arguments. */
export function visit({
  hub,
  password,
  pictures,
  viewport = { width: 1200, height: 900 },
  args = [],
}) {
  let browser = null;
  let page = null;
  const complaints = [];

  const button = (name) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const says = (text, timeout = LONG) => page.getByText(text).first().waitFor({ timeout });

  /** Calls the hub's API as the administrator. */
  async function api(path, method = 'GET', body = undefined) {
    const headers = { 'content-type': 'application/json' };
    if (password) headers.authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const response = await fetch(`${hub}${path}`, {
      method,
      headers,
      body: body === undefined ? (method === 'GET' ? undefined : '{}') : JSON.stringify(body),
    });
    const answer = response.status === 204 ? null : await response.json();
    assert(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  async function open() {
    if (pictures) mkdirSync(pictures, { recursive: true });
    browser = await chromium.launch({ executablePath: CHROME, args: [...CHROME_ARGS, ...args] });
    const context = await browser.newContext({
      viewport,
      colorScheme: 'light',
      locale: 'es-AR',
      // A time zone that no test expects: the page has to show times in the zone of the business.
      timezoneId: 'Pacific/Auckland',
    });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(`page error: ${error.stack ?? error}`));
    page.on('dialog', (box) => complaints.push(`the browser asked: ${box.message()}`));
    page.on('console', (message) => {
      // Chromium logs each failed request; the page itself shows those errors.
      const refused = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !refused) complaints.push(`console: ${message.text()}`);
    });
    return page;
  }

  async function enter(user, secret) {
    await page.getByLabel('Usuario', { exact: true }).fill(user);
    await page.getByLabel('Contraseña', { exact: true }).fill(secret);
    await button('Entrar').click();
    // On a phone, the name is in the closed menu.
    const state = viewport.width < 768 ? 'attached' : 'visible';
    await page.getByTestId('user-name').waitFor({ timeout: LONG, state });
  }

  async function picture(name, options = {}) {
    if (!pictures) return;
    // Wait until dialogs have faded in.
    await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getComputedTiming().iterations === Infinity));
    await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled', ...options });
  }

  /** Waits until nothing is wider than the window: the layout follows a new window size late. */
  const noSidewaysScroll = (where) =>
    eventually(`${where}: nothing is wider than the window`, () =>
      page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 5_000);

  const noComplaints = () => assert(complaints.length === 0, complaints.join('\n'));

  async function close() {
    if (pictures && page) await page.screenshot({ path: join(pictures, 'last.png') }).catch(() => {});
    await browser?.close();
  }

  return { api, button, close, dialog, enter, noComplaints, noSidewaysScroll, open, picture, says };
}
