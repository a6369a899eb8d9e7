// Takes the screenshots of the user guide while a flow uses the page.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/**
 * The folder of the documentation, and that of the page, which is built without the documentation.
 */
const FOLDERS = ['docs/images/guide', 'crates/central-hub/web/src/help/pictures'].map((folder) => join(ROOT, folder));
const SIZE = { width: 1080, height: 720 };
const LANGUAGES = ['es', 'en'];

/** Switches the language in the page's header, which keeps typed text and the current screen. */
async function switchLanguage(page, language) {
  await page.locator('header').getByRole('radiogroup', { name: /^(Idioma|Language)$/ }).getByText(language.toUpperCase(), { exact: true }).click();
  await page.waitForFunction((prefix) => document.documentElement.lang.startsWith(prefix), language);
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]'));
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getComputedTiming().iterations === Infinity));
}

/**
 * Returns a function that takes a screenshot of the current screen in both languages. The screen is
 * scrolled to `top`, if given.
 */
export function guidePictures(page) {
  if (!process.env.GUIDE_PICTURES || page.viewportSize().width < 768) return async () => {};
  for (const folder of FOLDERS) mkdirSync(folder, { recursive: true });
  return async (name, top = null) => {
    const before = page.viewportSize();
    const cdp = await page.context().newCDPSession(page);
    await page.setViewportSize(SIZE);
    for (const language of LANGUAGES) {
      await switchLanguage(page, language);
      await top?.evaluate((element) => element.scrollIntoView({ block: 'start' }));
      // WebP keeps the files small; Playwright itself only saves PNG and JPEG.
      const { data } = await cdp.send('Page.captureScreenshot', { format: 'webp', quality: 60 });
      for (const folder of FOLDERS) writeFileSync(join(folder, `${language}-${name}.webp`), Buffer.from(data, 'base64'));
    }
    await switchLanguage(page, 'es');
    await page.setViewportSize(before);
    await cdp.detach();
  };
}
