// Copy to local.cjs (which git ignores) and keep there what is this server's own.
// Then `pm2 delete` and `pm2 start`, as docs/operations.md says.
module.exports = {
  'session-manager': {
    // SESSION_MANAGER_TOKEN: 'a long random text',
    // SESSION_MANAGER_TOKEN_FILE: '/etc/leadmaster/session-manager-token', // or in a file
    // BACKUP_KEY: 'AGE-SECRET-KEY-1…', // session-manager backup --new-key
    // CHROME_ARGS: '--proxy-server=http://127.0.0.1:3128',
  },
  'leadmaster-central-hub': {
    // SESSION_MANAGER_TOKEN: 'the same text',
    // HUB_ADMIN_PASSWORD: 'another one',
    // DRY_RUN: 'false', // messages really leave
    // BACKUP_KEY: 'AGE-SECRET-KEY-1…', // the same; backups of hub.db
    // SMTP_URL: 'smtps://user:password@mail.example.com', // alerts by e-mail
    // ALERT_EMAIL_FROM: 'LeadMaster <alertas@example.com>',
    // ALERT_EMAIL_TO: 'you@example.com',
  },
};
