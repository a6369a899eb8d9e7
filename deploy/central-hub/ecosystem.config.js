/**
 * PM2 Ecosystem Config - LeadMaster Central Hub
 *
 * - Central Hub: port 3012 (one instance), the React page included
 * - Session Manager: port 3001 (a service of its own, start it first)
 *
 * After a change here: `pm2 delete leadmaster-central-hub`, then `pm2 start` this file.
 */
'use strict';

const path = require('node:path');
const { home, bin, environment, filterAll } = require('../settings.cjs');

module.exports = {
  apps: [
    {
      name: 'leadmaster-central-hub',
      script: path.join(bin, 'central-hub'),
      interpreter: 'none', // a native binary
      cwd: home,

      // === One process (NOT cluster) ===
      instances: 1,
      exec_mode: 'fork',

      // === Environment: all of it is here, nothing comes from the shell ===
      filter_env: filterAll,
      env: environment('leadmaster-central-hub', {
        NODE_ENV: 'production',
        HOST: '127.0.0.1,::1',
        PORT: 3012,

        // ---- WhatsApp / Session Manager ----
        SESSION_MANAGER_BASE_URL: 'http://127.0.0.1:3001',

        // ---- Safety: with 'true' no message leaves ----
        DRY_RUN: 'true',

        // ---- Campaigns by themselves ----
        AUTO_CAMPAIGNS_ENABLED: 'false',
        // In whose zone the hours of the schedules are.
        TZ: 'America/Argentina/Buenos_Aires',
        // Of which country numbers without one are: two letters.
        PHONE_REGION: 'AR',

        // ---- hub.db: campaigns, messages, everything the hub remembers ----
        DATA_DIR: path.join(home, 'data'),

        // Nothing: the default (see `central-hub --help`).
        SESSION_MANAGER_TOKEN: '',
        HUB_ADMIN_PASSWORD: '',
        DATABASE_URL: '',
        INTERNAL_TOKEN: '',
        INTERNAL_TOKEN_PREVIOUS: '',
        // In their place: a file that holds it, or a program that prints it.
        SESSION_MANAGER_TOKEN_FILE: '',
        SESSION_MANAGER_TOKEN_COMMAND: '',
        HUB_ADMIN_PASSWORD_FILE: '',
        HUB_ADMIN_PASSWORD_COMMAND: '',
        DATABASE_URL_FILE: '',
        DATABASE_URL_COMMAND: '',
        INTERNAL_TOKEN_FILE: '',
        INTERNAL_TOKEN_COMMAND: '',
        INTERNAL_TOKEN_PREVIOUS_FILE: '',
        INTERNAL_TOKEN_PREVIOUS_COMMAND: '',
        TRUSTED_PROXIES: '',
        WEBHOOK_ALLOWED_HOSTS: '',
        // ---- Alerts: who is told when something needs a person ----
        SMTP_URL: '',
        SMTP_URL_FILE: '',
        SMTP_URL_COMMAND: '',
        ALERT_EMAIL_FROM: '',
        ALERT_EMAIL_TO: '',
        ALERT_WEBHOOK_URL: '',
        ALERT_WEBHOOK_URL_FILE: '',
        ALERT_WEBHOOK_URL_COMMAND: '',
        ALERT_WEBHOOK_BODY: '',
        ALERT_WEBHOOK_TYPE: '',
        ALERT_WEBHOOK_SECRET: '',
        ALERT_WEBHOOK_SECRET_FILE: '',
        ALERT_WEBHOOK_SECRET_COMMAND: '',
        ALERT_AFTER_MINUTES: '',
        ALERT_REPEAT_HOURS: '',
        ALERT_BACKUP_HOURS: '',
        ALERT_QUIET_HOURS: '',
        ALERT_DIGEST_AT: '',
        ALERT_LANGUAGE: '',
        ALERT_CERTIFICATE_URL: '',

        // ---- Backups of hub.db, encrypted: none without a key ----
        BACKUP_KEY: '',
        BACKUP_KEY_FILE: '',
        BACKUP_KEY_COMMAND: '',
        BACKUP_DIR: path.join(home, 'backups'),
        BACKUP_EVERY_HOURS: 24,
        BACKUP_KEEP: 7,
        // leadmaster-watchdog has it restarted when it hangs.
        WATCHDOG_SECONDS: '',

        OTEL_EXPORTER_OTLP_ENDPOINT: '',
        RUST_LOG: '',
      }),

      // === Restarts ===
      autorestart: true,
      max_restarts: 10,
      min_uptime: '10s',
      max_memory_restart: '1G',
      exp_backoff_restart_delay: 100,
      restart_delay: 4000,
      // No stop_exit_codes: [0], as the Node pair's file had: a death by a signal, such
      // as the kernel's for want of memory, is an exit with 0 to PM2.

      // === Logs: PM2's own folder, leadmaster-central-hub-{out,error}.log ===
      log_date_format: 'YYYY-MM-DD HH:mm:ss Z',
      merge_logs: true,

      watch: false,

      // === Ready: the process says so once its port is open ===
      wait_ready: true,
      listen_timeout: 10000,

      // === Stop: drain, then exit ===
      treekill: false,
      kill_timeout: 10000,
    },
  ],
};
