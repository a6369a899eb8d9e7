// Shared by all flows: named steps, waits for conditions, and the HTTP API of the stand-in's phone.

import { createHash } from 'node:crypto';

/** The user agent of a Chrome with a window, because WhatsApp's page rejects `HeadlessChrome`. */
export const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

export const CHROME = process.env.CHROME_BIN || '/usr/bin/chromium';

export const CHROME_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

/** An image of one pixel, in base64. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const sha256 = (base64) => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');

export function readArguments() {
  const [url, profile] = process.argv.slice(2);
  if (!url || !profile) {
    console.error(`usage: node ${process.argv[1]} <address of the stand-in> <profile folder>`);
    process.exit(2);
  }
  return { url: url.endsWith('/') ? url : `${url}/`, profile };
}

export function assert(truth, message) {
  if (!truth) throw new Error(message);
}

export function assertEqual(actual, expected, what) {
  assert(actual === expected, `${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

/**
 * Calls `check` every 25 ms until its result is truthy, and returns that result. `timeout` is in
 * ms.
 */
export async function eventually(what, check, timeout = 20_000) {
  const deadline = Date.now() + timeout;
  let last;
  for (;;) {
    try {
      const answer = await check();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${timeout} ms (last: ${last?.stack ?? JSON.stringify(last)})`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function phoneApi(url) {
  const call = async (path, body) => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${url}phone/api/${path}`, init);
    const answer = await response.json();
    if (!response.ok) throw new Error(`phone ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  return {
    call,
    state: () => call('state'),
    messages: () => call('messages'),
    scan: (code) => call('scan', { code }),
    leadMessage: (message) => call('lead-messages', message),
    /** Waits until the server has the message with this key, and returns it. */
    received: (key) => eventually(`the server takes ${key}`, async () => (await call('messages')).find((m) => m.key === key)),
  };
}

let current = 'start';

export async function step(name, act) {
  current = name;
  const start = Date.now();
  await act();
  console.log(`ok ${name} (${Date.now() - start} ms)`);
}

/** Runs a test and always its cleanup; exits with 0 or 1. Fails the test after `limit` ms. */
export async function run(test, cleanup, limit = 120_000) {
  let failed = null;
  const fail = (error) => {
    failed ??= error;
  };
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the whole test took over ${limit} ms`)), limit).unref();
  });
  const rejected = new Promise((_, reject) => process.on('unhandledRejection', reject));
  try {
    await Promise.race([test(), late, rejected]);
  } catch (error) {
    fail(error);
  }
  await Promise.race([cleanup().catch(fail), new Promise((resolve) => setTimeout(resolve, 10_000))]);
  if (failed) {
    console.error(`FAILED at "${current}": ${failed?.stack ?? failed}`);
    process.exit(1);
  }
  console.log('all steps passed');
  process.exit(0);
}
