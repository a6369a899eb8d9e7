// What a first visit to the hub's page costs, by Lighthouse: bytes over the wire,
// the first content and the time to interactive, on this machine as it is and on
// what Lighthouse takes for a slow phone.
//
//   HUB_URL=… node bench-page.mjs          prints one line of JSON
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import lighthouse from 'lighthouse';
import puppeteer from 'puppeteer-core';

import { CHROME, CHROME_ARGS } from './lib/peer.mjs';

const { HUB_URL: hub } = process.env;
if (!hub) {
  console.error('usage: HUB_URL=… node bench-page.mjs');
  process.exit(2);
}

const WAYS = { here: 'provided', phone: 'simulate' };
const AUDITS = { bytes: 'total-byte-weight', firstContent: 'first-contentful-paint', interactive: 'interactive' };

const profile = mkdtempSync(join(tmpdir(), 'page-'));
const browser = await puppeteer.launch({ executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile });
try {
  const found = {};
  for (const [way, throttlingMethod] of Object.entries(WAYS)) {
    const page = await browser.newPage();
    const flags = { onlyAudits: Object.values(AUDITS), throttlingMethod, logLevel: 'error' };
    const { lhr } = await lighthouse(hub, flags, undefined, page);
    if (lhr.runtimeError) throw new Error(JSON.stringify(lhr.runtimeError));
    found[way] = Object.fromEntries(Object.entries(AUDITS).map(([name, id]) => [name, lhr.audits[id].numericValue]));
    await page.close();
  }
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
