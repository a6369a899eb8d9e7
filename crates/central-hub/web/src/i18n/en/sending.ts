import type { sending as es } from '../es/sending';

export const sending: typeof es = {
  title: 'Sending',
  text: 'This stops all messages immediately: campaigns, replies, and those of other programs.',
  stop: 'Stop all sending',
  resume: 'Resume sending',
  on: 'Sending is not stopped.',
  onSince: (who, when) =>
    `Sending is not stopped${who === null ? '' : `: ${who} resumed it, ${when}`}.`,
  stopped: (who, when) =>
    `Sending was stopped${who === null ? '' : ` by ${who}`}${when === null ? '' : `, ${when}`}: no messages are sent.`,
  stopTitle: 'Stop all sending?',
  stopText:
    'No campaigns or replies are sent until someone resumes sending. Incoming messages still appear. Messages that WhatsApp already has cannot be recalled.',
  resumeTitle: 'Resume sending?',
  resumeText: 'Active campaigns continue on their schedules, and replies can be sent again.',
  answer: 'All sending is stopped: you cannot reply from here.',
};
