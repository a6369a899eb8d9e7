// Leaves the hub's page more often than a browser opens connections to one server, and goes back;
// opens it in more tabs than that.
// Chrome keeps pages that were left, as Playwright's Chromium does not.
//
//   HUB_URL=… node kept-pages-flow.mjs
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

import { CHROME, CHROME_ARGS, assert, run, step } from './lib/flow.mjs';

const { HUB_URL: hub } = process.env;
if (!hub) {
  console.error('usage: HUB_URL=… node kept-pages-flow.mjs');
  process.exit(2);
}

/** HTTP/1.1 connections that Chrome opens to a server, and some more. */
const VISITS = 9;
let browser = null;

async function test() {
  const profile = mkdtempSync(join(tmpdir(), 'kept-pages-'));
  browser = await puppeteer.launch({ executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile });
  const [page] = await browser.pages();
  // Marks a page that the browser took out of its store.
  await page.evaluateOnNewDocument(() => {
    window.addEventListener('pageshow', ({ persisted }) => { window.wasKept = persisted; });
  });
  const streamOpens = () => page.waitForResponse((response) => response.url().includes('/api/events'));

  for (let visit = 1; visit <= VISITS; visit += 1) {
    await step(`visit ${visit}`, async () => {
      const opened = streamOpens();
      await page.goto(`${hub}/inicio?${visit}`);
      await page.waitForSelector('h1');
      await opened;
    });
  }
  await step('a kept page that is shown again follows the events', async () => {
    const opened = streamOpens();
    await page.goBack({ waitUntil: 'domcontentloaded' });
    await opened;
    assert(await page.evaluate(() => window.wasKept), 'the browser keeps no pages: this test shows nothing');
  });
  await step('more tabs than connections', async () => {
    const tabs = [];
    for (let n = 1; n <= VISITS; n += 1) {
      const tab = await browser.newPage();
      await tab.bringToFront();
      const opened = tab.waitForResponse((response) => response.url().includes('/api/events'), { timeout: 15_000 });
      await tab.goto(`${hub}/inicio?tab=${n}`);
      await opened;
      tabs.push(tab);
    }
    // The first one follows the events again when it is shown.
    const [first] = tabs;
    const opened = first.waitForResponse((response) => response.url().includes('/api/events'), { timeout: 15_000 });
    await first.bringToFront();
    await opened;
  });
}

await run(test, async () => browser?.close());
