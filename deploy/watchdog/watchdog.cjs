/**
 * The watchdog of the pair under PM2: `<service> health --deep`, again and again, and
 * `pm2 restart` for the one that hangs.
 *
 *   every EVERY_SECONDS ─> PM2: which of the two are online?
 *     ─> health --deep of each: well ─> nothing
 *                          └──> FAILURES in a row ─> pm2 restart; by force where it
 *                               does not end by itself
 *
 * Where a service is, and which binary it runs, PM2 says; no secret is needed.
 */
'use strict';

const path = require('node:path');
const { execFile } = require('node:child_process');

const SERVICES = ['session-manager', 'leadmaster-central-hub'];
/** A start may migrate tables for so long before it answers: TimeoutStartSec of the units. */
const START_MS = 300_000;
/** `health` itself gives up after 8 s. */
const ASKED_MS = 20_000;
/** What hangs seldom ends when it is asked to: `kill_timeout` would be time lost. */
const GRACE_MS = 5_000;

const everyMs = positive('EVERY_SECONDS', 15) * 1000;
const patience = positive('FAILURES', 4);
/** Of each service: the process that was asked, and what it answered. */
const asked = new Map();

function positive(name, otherwise) {
  const value = Number(process.env[name] || otherwise);
  if (!(value > 0)) {
    console.error(`[FATAL] ${name} is ${process.env[name]}: it takes a number above 0`);
    process.exit(1);
  }
  return value;
}

/** The PM2 that runs this, of whatever version and from wherever. */
function pm2OfThis() {
  const container = Object.keys(require.cache).find((file) =>
    file.endsWith(path.join('lib', 'ProcessContainerFork.js')),
  );
  if (!container) {
    console.error('[FATAL] this is for PM2: pm2 start deploy/watchdog/ecosystem.config.cjs');
    process.exit(1);
  }
  return require(path.resolve(path.dirname(container), '..'));
}

const pm2 = pm2OfThis();

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function call(method, ...words) {
  return new Promise((resolve, reject) => {
    pm2[method](...words, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

/** What is wrong with a service, in its own words; nothing if it works. */
function complaint(service) {
  const { pm_exec_path: program, HOST = '', PORT = '' } = service.pm2_env;
  const options = { env: { HOST, PORT }, timeout: ASKED_MS, killSignal: 'SIGKILL' };
  return new Promise((resolve) => {
    execFile(program, ['health', '--deep'], options, (error, out, said) => {
      resolve(error ? said.trim() || error.message : null);
    });
  });
}

async function look(service) {
  const { name, pid } = service;
  const before = asked.get(name);
  const state = before?.pid === pid ? before : { pid, worked: false, failures: 0 };
  asked.set(name, state);
  const why = await complaint(service);
  if (why === null) {
    if (state.failures > 0) {
      console.log(`${name} (pid ${pid}) works again`);
    }
    Object.assign(state, { worked: true, failures: 0 });
    return;
  }
  state.failures += 1;
  if (state.failures === 1) {
    console.log(`${name} (pid ${pid}): ${why}`);
  }
  // What never answered may still be starting.
  const started = state.worked || Date.now() - service.pm2_env.pm_uptime > START_MS;
  if (state.failures < patience || !started) {
    return;
  }
  // It may have ended, or been stopped by a person, in the meantime.
  const now = (await online()).find((other) => other.name === name);
  if (now?.pid === pid) {
    console.error(`${name} (pid ${pid}) hangs, restarting it: ${why}`);
    await restart(now);
  }
}

/** PM2 waits for the process to end, and then starts another one. */
async function restart({ pm_id: id, pid }) {
  let ended = false;
  const restarted = call('restart', id).finally(() => (ended = true));
  await Promise.race([restarted, pause(GRACE_MS)]);
  if (!ended) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended at this very moment.
    }
  }
  await restarted;
}

/** The services that PM2 runs. */
async function online() {
  const all = await call('list');
  return all.filter(
    ({ name, pid, pm2_env }) => SERVICES.includes(name) && pid > 0 && pm2_env.status === 'online',
  );
}

async function watch() {
  for (;;) {
    // One that hangs does not keep the other from being looked after.
    const looks = (await online()).map((service) =>
      look(service).catch((error) => console.error(`${service.name}: ${error.message ?? error}`)),
    );
    await Promise.all([...looks, pause(everyMs)]);
  }
}

// With PM2's daemon gone there is nobody to ask; the API would start another one.
process.on('disconnect', () => process.exit(0));
call('connect')
  .then(watch)
  .catch((error) => {
    console.error(`PM2 does not answer: ${error.message ?? error}`);
    process.exit(1);
  });
