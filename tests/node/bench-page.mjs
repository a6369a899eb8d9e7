// Measures a first visit to the hub's page with Lighthouse: the transferred bytes, the first
// contentful paint and the time to interactive (ms), on this machine (`here`) and on the slow phone
// that Lighthouse simulates (`phone`).
//
//   HUB_URL=… node bench-page.mjs          prints one line of JSON
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import lighthouse from 'lighthouse';
import puppeteer from 'puppeteer-core';

import { CHROME, CHROME_ARGS } from './lib/flow.mjs';

const { HUB_URL: hub } = process.env;
if (!hub) {
  console.error('usage: HUB_URL=… node bench-page.mjs');
  process.exit(2);
}

const THROTTLING = { here: 'provided', phone: 'simulate' };
const AUDITS = { bytes: 'total-byte-weight', firstContent: 'first-contentful-paint', interactive: 'interactive' };

const profile = mkdtempSync(join(tmpdir(), 'page-'));
const browser = await puppeteer.launch({ executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile });
try {
  const results = {};
  for (const [device, throttlingMethod] of Object.entries(THROTTLING)) {
    const page = await browser.newPage();
    const flags = { onlyAudits: Object.values(AUDITS), throttlingMethod, logLevel: 'error' };
    const { lhr } = await lighthouse(hub, flags, undefined, page);
    if (lhr.runtimeError) throw new Error(JSON.stringify(lhr.runtimeError));
    results[device] = Object.fromEntries(Object.entries(AUDITS).map(([name, id]) => {
      const { numericValue, errorMessage } = lhr.audits[id];
      if (numericValue === undefined) throw new Error(`${device}, ${id}: ${errorMessage}`);
      return [name, numericValue];
    }));
    await page.close();
  }
  console.log(JSON.stringify(results));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
