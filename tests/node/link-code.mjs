// Tests how the page script handles pairing codes by phone number, on a mocked clock: a code is
// renewed while the service keeps requesting it, and ends otherwise.
//
//   node link-code.mjs
import { mock } from 'node:test';
import { createRequire } from 'node:module';
import { assert, equal } from './lib/peer.mjs';

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
      equal(Socket.state, 'UNPAIRED', 'the page shows codes again before a new one is made');
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
equal(first.code, 'CODE-0001', 'the code');
equal(first.expires_at, Date.now() + 3 * MINUTE, 'how long it is good');
equal(linkCodeFacts().expires_at, first.expires_at, 'the same in the facts');

// A repeated request returns the same code. A new one follows when it expires, even though the QR
// codes have run out meanwhile.
mock.timers.tick(2 * MINUTE);
equal((await linkCode(WPP, '5491100000001')).code, 'CODE-0001', 'the same for the same number');
Socket.state = 'UNPAIRED_IDLE';
mock.timers.tick(1 * MINUTE);
await settled();
equal(refreshed, 1, 'refreshed before the next');
equal(linkCodeFacts().expires_at, Date.now() + 3 * MINUTE, 'renewed');
assert(changes >= 2, 'and told');

// Without further requests, the code expires, and the page shows QR codes again.
mock.timers.tick(3 * MINUTE);
await settled();
equal(linkCodeFacts(), null, 'over');
equal(codeCount, 2, 'no further one was made');
assert(cancelled >= 1, 'wa-js lets go of it');

// A code that is typed into the phone just before it expires lasts one more minute, and is not
// replaced meanwhile.
await linkCode(WPP, '5491100000002');
mock.timers.tick(3 * MINUTE - 1_000);
phoneHasIt();
mock.timers.tick(MINUTE - 1);
await settled();
assert(linkCodeFacts() !== null, 'it lives on');
equal(codeCount, 3, 'and no other was made');
mock.timers.tick(1_001);
await settled();
equal(linkCodeFacts(), null, 'over in the end');

// Another number gets another code.
await linkCode(WPP, '5491100000002');
equal((await linkCode(WPP, '5491100000003')).code, 'CODE-0005', 'of another number');
console.log('all steps passed');
process.exit(0);
