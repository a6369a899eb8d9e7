// What the page's conversations cost in Chromium: how long one takes to open from the hub,
// and how many frames are late while one scrolls through the list and a long conversation.
//
//   HUB_URL=… node bench-conversations.mjs [pages of the long conversation, 40]
//
// `cargo bench -p central-hub --bench page` makes the hub. A frame is late where more than
// 20 ms went by since the one before; Chromium draws 60 a second.
import { chromium } from 'playwright-core';

import { CHROME, CHROME_ARGS } from './lib/peer.mjs';

const { HUB_URL: hub } = process.env;
if (!hub) {
  console.error('usage: HUB_URL=… node bench-conversations.mjs [pages]');
  process.exit(2);
}
const PAGES = Number(process.argv[2] ?? 40);
const OPENED = 30;
const LATE_MS = 20;
const LONG = '5491158254201';

const sorted = (all) => [...all].sort((a, b) => a - b);
const at = (all, part) => sorted(all)[Math.min(all.length - 1, Math.floor(all.length * part))] ?? NaN;

const browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });
const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();

/** Scrolls by the wheel while each frame's time is taken. */
async function scrolled(what, locator, step, until) {
  await locator.hover();
  await page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => {
      window.frames_.push(now - last);
      last = now;
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
  });
  const begun = Date.now();
  while (!(await until())) {
    await page.mouse.wheel(0, step);
    if (Date.now() - begun > 120_000) break;
  }
  const frames = await page.evaluate(() => {
    cancelAnimationFrame(window.ticking);
    return window.frames_.slice(1);
  });
  const late = frames.filter((one) => one > LATE_MS).length;
  const seconds = (Date.now() - begun) / 1000;
  console.log(
    `${what}: ${frames.length} frames in ${seconds.toFixed(1)} s, median ${at(frames, 0.5).toFixed(1)} ms, ` +
      `p99 ${at(frames, 0.99).toFixed(1)} ms, worst ${Math.max(...frames).toFixed(1)} ms, late ${((100 * late) / frames.length).toFixed(1)} %`,
  );
}

try {
  await page.goto(`${hub}/conversaciones`);
  await page.locator('[data-chat]').first().waitFor();

  // Opening: from the click to the frame that shows the messages.
  const chats = await page.locator('[data-chat]').evaluateAll((all) => all.map((one) => one.dataset.chat));
  const took = [];
  for (const chat of chats.slice(1, OPENED)) {
    const ms = await page.evaluate(
      (which) =>
        new Promise((resolve) => {
          const row = document.querySelector(`[data-chat="${which}"]`);
          if (!row) {
            resolve(null);
            return;
          }
          const who = row.querySelector('[title]').title;
          const start = performance.now();
          row.click();
          const look = () => {
            const now = performance.now() - start;
            const isOpen = document.querySelector('h2')?.textContent.includes(who) && document.querySelector('[data-message]');
            if (isOpen || now > 10_000) resolve(isOpen ? now : null);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }),
      chat,
    );
    if (ms !== null) took.push(ms);
  }
  console.log(`open a conversation: median ${at(took, 0.5).toFixed(0)} ms, worst ${Math.max(...took).toFixed(0)} ms, of ${took.length}`);

  await page.goto(`${hub}/conversaciones/${LONG}`);
  await page.locator('[data-message]').first().waitFor();
  const shown = () => page.locator('[data-message]').count();
  const wanted = PAGES * 50;
  await scrolled(`scroll back to ${wanted} messages`, page.getByRole('log'), -1_200, async () => (await shown()) >= wanted);
  await scrolled(`scroll through those ${await shown()}`, page.getByRole('log'), 1_200, () =>
    page.getByRole('log').evaluate((it) => Math.abs(it.scrollTop) < 50));
  const list = page.locator('section[aria-label="Lista de conversaciones"] [data-chat]').first();
  let turns = 0;
  await scrolled('scroll the list', list, 300, async () => (turns += 1) > 120);
  const typed = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const box = document.querySelector('form textarea');
        const start = performance.now();
        Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, 'a');
        box.dispatchEvent(new Event('input', { bubbles: true }));
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
      }),
  );
  console.log(`type a letter below them: ${typed.toFixed(1)} ms`);
} finally {
  await browser.close();
}
