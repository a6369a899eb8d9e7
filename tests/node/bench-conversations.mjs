// Measures the conversation screen in Chromium: the time to open a conversation, the late frames
// while scrolling through the list and through a long conversation, and the cost of an incoming
// message while that conversation is loaded.
//
//   HUB_URL=… node bench-conversations.mjs [messages to scroll back, 5000]
//
// `cargo bench -p central-hub --bench page` starts the hub. A frame is late if it comes more than
// 20 ms after the previous frame; Chromium draws 60 per second. The same scrolling is measured on a
// page with as many plain rows and no script: late frames there are due to the machine.
import { chromium } from 'playwright-core';

import { CHROME, CHROME_ARGS } from './lib/flow.mjs';

const { HUB_URL: hub } = process.env;
if (!hub) {
  console.error('usage: HUB_URL=… node bench-conversations.mjs [messages]');
  process.exit(2);
}
const SCROLL_BACK = Number(process.argv[2] ?? 5_000);
const OPEN_COUNT = 30;
const LATE_MS = 20;
const LONG = '5491158254201';
/** One notch of a mouse wheel that is turned fast: about 15,000 pixels per second. */
const NOTCH_PX = 240;
const NOTCH_MS = 16;
/** The interval between repeats of a key that is held down. */
const REPEAT_MS = 33;
const GIVE_UP_MS = 180_000;

const sorted = (all) => [...all].sort((a, b) => a - b);
const percentile = (all, part) => sorted(all)[Math.min(all.length - 1, Math.floor(all.length * part))] ?? NaN;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();

/**
 * Measures the interval of each frame, and the tasks longer than 50 ms, while `act` runs. Prints
 * them and returns the share of late frames.
 */
async function measure(what, tab, act) {
  await tab.evaluate(() => {
    window.intervals = [];
    window.stretches = [];
    let last = performance.now();
    const tick = (now) => {
      window.intervals.push(now - last);
      last = now;
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
    window.observer = new PerformanceObserver((list) =>
      list.getEntries().forEach(({ duration }) => window.stretches.push(duration)));
    window.observer.observe({ type: 'longtask' });
  });
  const start = Date.now();
  await act(() => Date.now() - start > GIVE_UP_MS);
  const seconds = (Date.now() - start) / 1000;
  const { intervals, stretches } = await tab.evaluate(() => {
    cancelAnimationFrame(window.ticking);
    window.observer.disconnect();
    return { intervals: window.intervals.slice(1), stretches: window.stretches };
  });
  const late = intervals.filter((interval) => interval > LATE_MS).length / intervals.length;
  const longest = Math.max(0, ...stretches);
  console.log(
    `${what}: ${intervals.length} frames in ${seconds.toFixed(1)} s (${(intervals.length / seconds / 0.6).toFixed(0)} % of 60 Hz), ` +
      `median ${percentile(intervals, 0.5).toFixed(1)} ms, p99 ${percentile(intervals, 0.99).toFixed(1)} ms, worst ${Math.max(...intervals).toFixed(0)} ms, ` +
      `late ${(100 * late).toFixed(1)} %; above 50 ms: ${stretches.length} stretches, the longest ${longest.toFixed(0)} ms`,
  );
  return late;
}

async function wheel(tab, locator, step, until) {
  await locator.hover();
  return (isTimedOut) => repeat(isTimedOut, until, NOTCH_MS, () => tab.mouse.wheel(0, step));
}

async function repeat(isTimedOut, until, ms, act) {
  while (!(await until()) && !isTimedOut()) {
    const next = Date.now() + ms;
    await act();
    await pause(Math.max(0, next - Date.now()));
  }
}

/** Repeats the same turns of the wheel on a page of `rows` plain rows. */
async function measurePlain(rows, turns) {
  const tab = await context.newPage();
  await tab.setContent(
    `<div id="box" style="height:800px;overflow-y:auto">${Array.from({ length: rows }, (_, n) => `<p style="margin:8px;padding:8px">Mensaje ${n}<br>12:00</p>`).join('')}</div>`,
  );
  const box = tab.locator('#box');
  await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  const late = await measure(`the same on ${rows} plain rows`, tab, await wheel(tab, box, -NOTCH_PX, () => (turns -= 1) < 0));
  await tab.close();
  await page.bringToFront();
  return late;
}

try {
  await page.goto(`${hub}/conversaciones`);
  await page.locator('[data-chat]').first().waitFor();

  // Measures from the click to the frame that shows the messages, in ms.
  const chats = await page.locator('[data-chat]').evaluateAll((elements) => elements.map((row) => row.dataset.chat));
  const timeToOpen = (chat) =>
    page.evaluate(
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
  const durations = [];
  // The first conversation that is opened also loads the scripts of the screen.
  for (const chat of chats.slice(1, OPEN_COUNT)) {
    const ms = await timeToOpen(chat);
    if (ms !== null) durations.push(ms);
  }
  console.log(`open a conversation: median ${percentile(durations, 0.5).toFixed(0)} ms, worst ${Math.max(...durations).toFixed(0)} ms, of ${durations.length}`);
  console.log(`open the long one: ${(await timeToOpen(LONG))?.toFixed(0)} ms`);

  await page.goto(`${hub}/conversaciones/${LONG}`);
  await page.locator('[data-message]').first().waitFor();
  const log = page.getByRole('log');
  const ids = () => page.locator('[data-message]').evaluateAll((elements) => elements.map((bubble) => Number(bubble.dataset.message)));
  const newest = Math.max(...(await ids()));
  const isBack = (messages) => async () => Math.min(...(await ids())) <= newest - messages;
  let turns = 0;
  const countTurns = (until) => async () => {
    turns += 1;
    return until();
  };
  const wheelMessages = Math.round(SCROLL_BACK * 0.6);
  const late = await measure(`scroll back ${wheelMessages} messages by the wheel`, page,
    await wheel(page, log, -NOTCH_PX, countTurns(isBack(wheelMessages))));
  const machine = await measurePlain(wheelMessages, turns);
  console.log(`late frames beyond the plain page: ${(100 * (late - machine)).toFixed(1)} points`);
  await log.focus();
  await measure(`go on to ${SCROLL_BACK} by PageUp`, page, (isTimedOut) =>
    repeat(isTimedOut, isBack(SCROLL_BACK), REPEAT_MS, () => page.keyboard.press('PageUp')));
  console.log(`messages in the document: ${(await ids()).length}`);

  const sendMessage = (text) =>
    fetch(`${hub}/api/sender/messages/bulk`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mensajes: [{ destinatario: LONG, mensaje: text }] }),
    });
  const fetches = { newest: 0, older: 0 };
  page.on('request', (request) => {
    if (request.url().includes('/history/')) fetches[request.url().includes('antes=') ? 'older' : 'newest'] += 1;
  });
  await measure(`a message comes in with ${SCROLL_BACK} loaded, and 5 s`, page, async () => {
    const fetched = page.waitForRequest(/history/);
    await sendMessage('nuevo');
    await fetched;
    await pause(5_000);
  });
  console.log(`pages fetched meanwhile: the newest ${fetches.newest} times, ${fetches.older} others`);
  const isAtEnd = () => log.evaluate((box) => {
    const last = [...box.querySelectorAll('[data-message]')].at(-1);
    return last.getBoundingClientRect().bottom <= box.getBoundingClientRect().bottom + 50;
  });
  await measure('scroll down through the loaded messages', page, await wheel(page, log, NOTCH_PX * 5, async () =>
    Math.max(...(await ids())) >= newest && isAtEnd()));
  const start = Date.now();
  const text = `al final ${start}`;
  await sendMessage(text);
  await page.locator('[data-message]').filter({ hasText: text }).waitFor();
  console.log(`a message at the end is shown after ${Date.now() - start} ms`);

  const list = page.locator('section[aria-label="Lista de conversaciones"] ul');
  const lastRow = () => list.locator('li').last().evaluate((row) => ({ at: Number(row.ariaPosInSet), of: Number(row.ariaSetSize) }));
  let rows = 0;
  await measure('scroll the list', page, await wheel(page, list, NOTCH_PX, async () => {
    const { at, of } = await lastRow();
    rows = at;
    return at === of;
  }));
  console.log(`conversations scrolled through: ${rows}`);
  const typingTime = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const box = document.querySelector('form textarea');
        const start = performance.now();
        Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, 'a');
        box.dispatchEvent(new Event('input', { bubbles: true }));
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
      }),
  );
  console.log(`type a letter below the messages: ${typingTime.toFixed(1)} ms`);
} finally {
  await browser.close();
}
