// The pictures of the user guide, made from the page while a flow uses it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The book's, and the page's, which is built without the book. */
const FOLDERS = ['docs/images/guide', 'crates/central-hub/web/src/help/pictures'].map((it) => join(ROOT, it));
const SIZE = { width: 1080, height: 720 };
const LANGUAGES = ['es', 'en'];

/** The stream of events stays open: there is no idle network to wait for. */
async function reload(page) {
  await page.reload();
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('main [aria-busy="true"]'));
  await page.waitForFunction(() =>
    document.getAnimations().every((it) => it.playState !== 'running' || it.effect?.getComputedTiming().iterations === Infinity));
}

/** Returns what makes a picture of the present screen in both languages. */
export function guidePictures(page) {
  if (!process.env.GUIDE_PICTURES || page.viewportSize().width < 768) return async () => {};
  for (const folder of FOLDERS) mkdirSync(folder, { recursive: true });
  return async (name) => {
    const before = page.viewportSize();
    const wire = await page.context().newCDPSession(page);
    await page.setViewportSize(SIZE);
    for (const language of LANGUAGES) {
      await page.evaluate((it) => localStorage.setItem('leadmaster-language', it), language);
      await reload(page);
      // Small: WebP, as Chromium makes it.
      const { data } = await wire.send('Page.captureScreenshot', { format: 'webp', quality: 60 });
      for (const folder of FOLDERS) writeFileSync(join(folder, `${language}-${name}.webp`), Buffer.from(data, 'base64'));
    }
    await page.evaluate(() => localStorage.setItem('leadmaster-language', 'es'));
    await page.setViewportSize(before);
    await reload(page);
    await wire.detach();
  };
}
