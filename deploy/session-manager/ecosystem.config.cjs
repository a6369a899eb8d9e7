/**
 * PM2 Ecosystem Config - Session Manager
 *
 * - Port 3001
 * - ONE process, ONE WhatsApp session (ADMIN). Never cluster mode: two processes
 *   would fight over one linked device.
 *
 * After a change here: `pm2 delete session-manager`, then `pm2 start` this file.
 */
'use strict';

const path = require('node:path');
const { home, bin, environment, filterAll } = require('../settings.cjs');

module.exports = {
  apps: [
    {
      name: 'session-manager',
      script: path.join(bin, 'session-manager'),
      interpreter: 'none', // a native binary
      cwd: home,

      // === Environment: all of it is here, nothing comes from the shell ===
      filter_env: filterAll,
      env: environment('session-manager', {
        NODE_ENV: 'production',
        HOST: '127.0.0.1,::1',
        PORT: 3001,
        TOKENS_DIR: path.join(home, 'tokens'),
        DATA_DIR: path.join(home, 'data'),
        WHATSAPP_WEB_URL: 'https://web.whatsapp.com/',
        IDEMPOTENCY_DAYS: '',
        EVENTS_DAYS: '',
        SENDS_IN_FLIGHT: '',
        SENDS_WAITING: '',
        SEND_DEADLINE_MS: '',
        SETTLE_TRIES: '',
        FILE_MAX_MIB: '',
        FILES_QUOTA_MIB: '',
        FILES_QUOTA_CLIENTE_MIB: '',
        FILES_KEEP_HOURS: '',
        FILE_URL_HOSTS: '',
        MEDIA_DOWNLOAD: '',
        MEDIA_AUTO_MIB: '',
        MEDIA_QUOTA_MIB: '',
        MEDIA_KEEP_DAYS: '',
        ACK_PATIENCE_SECONDS: '',
        BACKUP_DIR: path.join(home, 'backups'),
        BACKUP_EVERY_HOURS: '',
        BACKUP_KEEP: '',
        // leadmaster-watchdog has it restarted when it hangs.
        WATCHDOG_SECONDS: '',
        // Nothing: the default (see `session-manager --help`).
        SESSION_MANAGER_TOKEN: '',
        SESSION_MANAGER_TOKEN_PREVIOUS: '',
        BACKUP_KEY: '',
        // In their place: a file that holds it, or a program that prints it.
        SESSION_MANAGER_TOKEN_FILE: '',
        SESSION_MANAGER_TOKEN_COMMAND: '',
        SESSION_MANAGER_TOKEN_PREVIOUS_FILE: '',
        SESSION_MANAGER_TOKEN_PREVIOUS_COMMAND: '',
        BACKUP_KEY_FILE: '',
        BACKUP_KEY_COMMAND: '',
        CHROME_BIN: '',
        CHROMEDRIVER_BIN: '',
        CHROME_ARGS: '',
        FFMPEG_BIN: '',
        WA_JS_PATH: '',
        QR_ROUNDS: '',
        RESTART_BUDGET: '',
        RESTART_WINDOW_SECONDS: '',
        RESTART_BACKOFF_MS: '',
        RETRY_SECONDS: '',
        HEARTBEAT_MS: '',
        HEARTBEAT_DEADLINE_MS: '',
        BOOT_PATIENCE_SECONDS: '',
        SYNC_PATIENCE_SECONDS: '',
        DELIVERY_PATIENCE_SECONDS: '',
        TOOLS_PATIENCE_SECONDS: '',
        PRESENCE: '',
        OTEL_EXPORTER_OTLP_ENDPOINT: '',
        RUST_LOG: '',
      }),

      // === One process (NOT cluster) ===
      instances: 1,
      exec_mode: 'fork',

      // === Restarts, bounded ===
      autorestart: true,
      max_restarts: 5,
      min_uptime: '30s',
      max_memory_restart: '1024M',
      exp_backoff_restart_delay: 500,
      restart_delay: 10000,

      // === Logs: PM2's own folder, session-manager-{out,error}.log ===
      log_date_format: 'YYYY-MM-DD HH:mm:ss Z',
      merge_logs: true,

      // === NO watch with WhatsApp ===
      watch: false,

      // === Ready: the process says so once its port is open ===
      wait_ready: true,
      listen_timeout: 10000,

      // === Stop: SIGINT to the service alone, which closes Chrome itself. With
      // treekill PM2 would signal Chrome at the same moment, before it has
      // written the session down. ===
      treekill: false,
      kill_timeout: 30000,
    },
  ],
};
