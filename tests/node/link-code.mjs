// Tests how the page script handles pairing codes by phone number, on a mocked clock: a code is
// renewed while the service keeps requesting it, and ends otherwise.
//
//   node link-code.mjs
import { mock } from 'node:test';
import { createRequire } from 'node:module';
import { assert, assertEqual } from './lib/flow.mjs';

const page = new URL('../../crates/session-manager/page/', import.meta.url);
const { build } = createRequire(page)('esbuild');
const { outputFiles } = await build({
  absWorkingDir: page.pathname,
  entryPoints: ['src/linkcode.ts'],
  bundle: true,
  format: 'esm',
  write: false,
});

// The parts of wa-js and of the page that the script uses.
let codeCount = 0;
let refreshed = 0;
let cancelled = 0;
const Socket = { state: 'UNPAIRED' };
const code = () => `CODE000${++codeCount}`;
globalThis.WPP = {
  isInjected: true,
  on() {},
  conn: {
    startLinkDeviceCodeForPhoneNumber: async () => code(),
    refreshLinkDeviceCode: async () => {
      assertEqual(Socket.state, 'UNPAIRED', 'the page shows QR codes before a new pairing code is created');
      return code();
    },
    cancelLinkDeviceCode: () => (cancelled += 1),
  },
};
const refreshQR = () => {
  refreshed += 1;
  Socket.state = 'UNPAIRED';
};
let phoneHasIt;
const WAWebLinkDeviceEvents = { on: (event, listener) => event === 'link_device_events:primary_hello_received' && (phoneHasIt = listener) };
const modules = { WAWebSocketModel: { Socket }, WAWebLaunchSocketUtils: { refreshQR }, WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents } };
globalThis.require = (name) => modules[name];

mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_790_000_000_000 });
const { linkCode, linkCodeFacts, onLinkCodeChange } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
);
let changes = 0;
onLinkCodeChange(() => (changes += 1));
const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};
const MINUTE = 60_000;

const first = await linkCode(WPP, '5491100000001');
assertEqual(first.code, 'CODE-0001', 'the first code');
assertEqual(first.expires_at, Date.now() + 3 * MINUTE, 'the expiry of the code');
assertEqual(linkCodeFacts().expires_at, first.expires_at, 'the expiry in the facts');

// A repeated request returns the same code. A new one follows when it expires, even though the QR
// codes have run out meanwhile.
mock.timers.tick(2 * MINUTE);
assertEqual((await linkCode(WPP, '5491100000001')).code, 'CODE-0001', 'the code for the same number');
Socket.state = 'UNPAIRED_IDLE';
mock.timers.tick(1 * MINUTE);
await settled();
assertEqual(refreshed, 1, 'refreshes of the QR code before the next code');
assertEqual(linkCodeFacts().expires_at, Date.now() + 3 * MINUTE, 'the expiry of the renewed code');
assert(changes >= 2, 'the renewed code is not reported');

// Without further requests, the code expires, and the page shows QR codes again.
mock.timers.tick(3 * MINUTE);
await settled();
assertEqual(linkCodeFacts(), null, 'the facts after the expiry');
assertEqual(codeCount, 2, 'created codes');
assert(cancelled >= 1, 'wa-js has not cancelled the code');

// A code that is typed into the phone just before it expires lasts one more minute, and is not
// replaced meanwhile.
await linkCode(WPP, '5491100000002');
mock.timers.tick(3 * MINUTE - 1_000);
phoneHasIt();
mock.timers.tick(MINUTE - 1);
await settled();
assert(linkCodeFacts() !== null, 'the typed code has expired already');
assertEqual(codeCount, 3, 'created codes');
mock.timers.tick(1_001);
await settled();
assertEqual(linkCodeFacts(), null, 'the facts at the end');

// Another number gets another code.
await linkCode(WPP, '5491100000002');
assertEqual((await linkCode(WPP, '5491100000003')).code, 'CODE-0005', 'the code of another number');
console.log('all steps passed');
process.exit(0);
