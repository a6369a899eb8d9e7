import type { line as esLine, operator as esOperator } from '../es/line';

export const line: typeof esLine = {
  states: {
    unknown: '—',
    unlinked: 'not linked',
    connecting: 'connecting…',
    linking: 'waiting for the scan',
    syncing: 'syncing…',
    offline: 'no connection',
    connected: 'connected',
    paused: 'disconnected',
    trouble: 'has a problem',
  },
  troubles: {
    hubAway: 'No connection to the server, trying again… What you see may be out of date.',
    managerAway: 'LeadMaster cannot reach WhatsApp. If this lasts more than 5 minutes, contact support.',
    unlinked: 'WhatsApp is not linked: messages are neither sent nor received.',
    offline:
      'WhatsApp has no connection: messages are neither sent nor received. The phone is still linked and reconnects automatically; check the server’s internet connection.',
    whatsappDown:
      'WhatsApp’s servers do not answer: messages are neither sent nor received. The connection returns once they do.',
    elsewhere:
      'WhatsApp was opened elsewhere with this session: messages are neither sent nor received here. Close it there and connect again.',
    passkey: 'WhatsApp asks for the account’s passkey to finish linking.',
    toolsBroken:
      'WhatsApp changed its page, so messages cannot be sent or received for now. Tell whoever installed LeadMaster that it needs a newer wa-js.',
    paused: 'The connection to WhatsApp is paused: messages are neither sent nor received.',
    broken: 'WhatsApp has a problem: messages are neither sent nor received.',
    reachOut: (until) =>
      `WhatsApp does not let this account write to people who never wrote to you${until === null ? '' : `, until ${until}`}. You can still answer people who write to you.`,
    newChats: (until) =>
      `WhatsApp’s monthly limit on new chats is reached${until === null ? '' : `, until ${until}`}. You can still answer people who write to you.`,
  },
  ways: {
    link: 'Link',
    connect: 'Connect',
    passkey: 'Answer',
    look: 'See what to do',
  },
};

export const operator: typeof esOperator = {
  title: 'How to turn on sending',
  text: 'Sending is turned on at the server by whoever installed LeadMaster. It is locked on purpose, so that nothing is sent by mistake. Send them this message:',
  letter: (settings, lines) =>
    `Hello, could you turn on sending in LeadMaster? On the server, in its folder:

1. In deploy/local.cjs, within 'leadmaster-central-hub':
${settings}

2. Then:
pm2 delete leadmaster-central-hub
pm2 start deploy/central-hub/ecosystem.config.js
pm2 save

If it runs with systemd or containers, in its central-hub.env:
${lines}
and restart the service (systemctl restart leadmaster-central-hub, or docker compose up -d).

DRY_RUN=false sends messages for real; AUTO_CAMPAIGNS_ENABLED=true lets campaigns with an approved schedule send. See docs/operations.md. Thank you!`,
  copy: 'Copy message',
  copied: 'Copied',
  mail: 'Send by e-mail',
  subject: 'Turn on sending in LeadMaster',
};
