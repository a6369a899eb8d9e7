// The pictures of the user guide, made from the page while a flow uses it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The book's, and the page's, which is built without the book. */
const FOLDERS = ['docs/images/guide', 'crates/central-hub/web/src/help/pictures'].map((it) => join(ROOT, it));
const SIZE = { width: 1080, height: 720 };
const LANGUAGES = ['es', 'en'];

/** By the page's own switch: what is typed, and where one is, stays. */
async function speak(page, language) {
  await page.locator('header').getByRole('radiogroup', { name: /^(Idioma|Language)$/ }).getByText(language.toUpperCase(), { exact: true }).click();
  await page.waitForFunction((it) => document.documentElement.lang.startsWith(it), language);
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]'));
  await page.waitForFunction(() =>
    document.getAnimations().every((it) => it.playState !== 'running' || it.effect?.getComputedTiming().iterations === Infinity));
}

/** Returns what makes a picture of the present screen, from `top` on, in both languages. */
export function guidePictures(page) {
  if (!process.env.GUIDE_PICTURES || page.viewportSize().width < 768) return async () => {};
  for (const folder of FOLDERS) mkdirSync(folder, { recursive: true });
  return async (name, top = null) => {
    const before = page.viewportSize();
    const wire = await page.context().newCDPSession(page);
    await page.setViewportSize(SIZE);
    for (const language of LANGUAGES) {
      await speak(page, language);
      await top?.evaluate((it) => it.scrollIntoView({ block: 'start' }));
      // Small: WebP, as Chromium makes it.
      const { data } = await wire.send('Page.captureScreenshot', { format: 'webp', quality: 60 });
      for (const folder of FOLDERS) writeFileSync(join(folder, `${language}-${name}.webp`), Buffer.from(data, 'base64'));
    }
    await speak(page, 'es');
    await page.setViewportSize(before);
    await wire.detach();
  };
}
