/**
 * PM2 Ecosystem Config - the watchdog of the pair
 *
 * PM2 restarts what ended. A service that runs and does nothing has not ended: this
 * one asks both whether they work, and has PM2 restart the one that does not.
 *
 * After a change here: `pm2 delete leadmaster-watchdog`, then `pm2 start` this file.
 */
'use strict';

const path = require('node:path');
const { home, environment, filterAll } = require('../settings.cjs');

module.exports = {
  apps: [
    {
      name: 'leadmaster-watchdog',
      script: path.join(__dirname, 'watchdog.cjs'),
      cwd: home,

      instances: 1,
      exec_mode: 'fork',
      pmx: false,

      filter_env: filterAll,
      env: environment('leadmaster-watchdog', {
        // How often both are asked, and after how many failures in a row one is
        // restarted: a minute, as WatchdogSec of the units.
        EVERY_SECONDS: 15,
        FAILURES: 4,
      }),

      autorestart: true,
      exp_backoff_restart_delay: 1000,
      max_memory_restart: '200M',

      log_date_format: 'YYYY-MM-DD HH:mm:ss Z',
      merge_logs: true,
      watch: false,
    },
  ],
};
