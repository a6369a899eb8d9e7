/**
 * What the ecosystem files share: where a variable's value comes from.
 *
 *   1. LEADMASTER_SESSION_<NAME>, LEADMASTER_HUB_<NAME> or LEADMASTER_WATCHDOG_<NAME>
 *      in the shell that runs `pm2 start`: for a trial or a test. The prefix is the
 *      point: a PORT that somebody left in a shell is nobody's port.
 *   2. deploy/local.cjs, if it is there: what this server has of its own, secrets
 *      above all. It is not in git; see local.example.cjs.
 *   3. The value in the ecosystem file.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * What the Node pair's ecosystem files held and is read no more: it goes along, and
 * the service says at its start what became of it.
 */
const OBSOLETE = [
  'DB_HOST',
  'DB_PORT',
  'DB_USER',
  'DB_PASSWORD',
  'DB_NAME',
  'JWT_SECRET',
  'INTERNAL_LISTENER_TOKEN',
  'CENTRAL_HUB_BASE_URL',
  'CENTRAL_HUB_USER',
  'CENTRAL_HUB_PASS',
  'CLIENTE_ID',
];

const root = path.resolve(__dirname, '..');
const localFile = path.join(__dirname, 'local.cjs');

const PREFIXES = {
  'session-manager': 'LEADMASTER_SESSION_',
  'leadmaster-central-hub': 'LEADMASTER_HUB_',
  'leadmaster-watchdog': 'LEADMASTER_WATCHDOG_',
};

/** Where tokens/ and data/ are. */
const home = path.resolve(process.env.LEADMASTER_HOME || root);
/** Where the two binaries are. */
const bin = path.resolve(process.env.LEADMASTER_BIN_DIR || path.join(root, 'target', 'release'));

/**
 * The whole environment of a service: every variable that it reads, by name. One
 * that is left to its default is set to nothing, which the services take as
 * "unset"; so nothing of the shell ever takes its place.
 */
function environment(service, variables) {
  const local = fs.existsSync(localFile) ? (require(localFile)[service] ?? {}) : {};
  for (const name of Object.keys(local)) {
    if (!(name in variables) && !OBSOLETE.includes(name)) {
      throw new Error(`${localFile}: ${service} has no variable ${name}`);
    }
  }
  const prefix = PREFIXES[service];
  const env = {};
  for (const [name, value] of Object.entries(variables)) {
    env[name] = String(process.env[prefix + name] ?? local[name] ?? value);
  }
  for (const name of OBSOLETE.filter((name) => name in local)) {
    env[name] = String(local[name]);
  }
  // What a program needs besides its own settings: its user and where programs are.
  for (const name of ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR']) {
    // TZ is the hub's own setting: there the file says it.
    if (process.env[name] !== undefined && !(name in variables)) {
      env[name] = process.env[name];
    }
  }
  return env;
}

module.exports = {
  home,
  bin,
  environment,
  // PM2 leaves out each variable of the shell whose name contains one of these
  // texts. All names contain the empty one. (`filter_env: true` should do the same,
  // and as of PM2 7.0 does not.)
  filterAll: [''],
};
