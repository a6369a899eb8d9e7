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
    trouble: 'in trouble',
  },
  troubles: {
    hubAway: 'No connection to the server, trying again… What you see may be out of date.',
    managerAway: 'LeadMaster cannot talk to WhatsApp. If this lasts for 5 minutes, tell support.',
    unlinked: 'WhatsApp is not linked: nothing comes in or goes out.',
    offline:
      'WhatsApp has no connection: nothing comes in or goes out. The phone is still linked and it reconnects by itself; check that the server has internet.',
    whatsappDown:
      'WhatsApp’s servers do not answer: nothing comes in or goes out. It comes back by itself once they do.',
    elsewhere:
      'WhatsApp was opened elsewhere with this session: nothing comes in or goes out here. Close it there and connect again.',
    passkey: 'WhatsApp asks for the account’s passkey to finish linking.',
    toolsBroken:
      'WhatsApp changed its page, and nothing can be sent or received for now. Tell whoever installed LeadMaster: it needs a newer wa-js.',
    paused: 'The connection to WhatsApp is paused: nothing comes in or goes out.',
    broken: 'WhatsApp is in trouble: nothing comes in or goes out.',
    reachOut: (until) =>
      `WhatsApp does not let this account write to people who never wrote${until === null ? '' : `, until ${until}`}. Who writes to you can be answered.`,
    newChats: (until) =>
      `WhatsApp’s monthly limit on new chats is reached${until === null ? '' : `, until ${until}`}. Who writes to you can be answered.`,
  },
  ways: {
    link: 'Link',
    connect: 'Connect',
    passkey: 'Answer',
    look: 'See what to do',
  },
};

export const operator: typeof esOperator = {
  title: 'How sending is switched on',
  text: 'Whoever installed LeadMaster switches it on, at the server: it is a lock on purpose, so that nothing leaves by mistake. Send them this message:',
  letter: (settings, lines) =>
    `Hello, could you switch sending on in LeadMaster? On the server, in its folder:

1. In deploy/local.cjs, within 'leadmaster-central-hub':
${settings}

2. Then:
pm2 delete leadmaster-central-hub
pm2 start deploy/central-hub/ecosystem.config.js
pm2 save

Where it runs with systemd or containers, in its central-hub.env:
${lines}
and restart the service (systemctl restart leadmaster-central-hub, or docker compose up -d).

DRY_RUN=false makes messages really leave; AUTO_CAMPAIGNS_ENABLED=true lets campaigns with an approved schedule go. It is in docs/operations.md. Thank you!`,
  copy: 'Copy the message',
  copied: 'Copied',
  mail: 'Send by mail',
  subject: 'Switch sending on in LeadMaster',
};
