import type { sending as es } from '../es/sending';

export const sending: typeof es = {
  title: 'Sending',
  text: 'This stops everything at once: campaigns, answers, and what other programs send.',
  stop: 'Stop all sending',
  resume: 'Let sending go on',
  on: 'Sending is not stopped.',
  onSince: (who, when) =>
    `Sending is not stopped${who === null ? '' : `: ${who} let it go on, ${when}`}.`,
  stopped: (who, when) =>
    `Sending was stopped${who === null ? '' : ` by ${who}`}${when === null ? '' : `, ${when}`}: no message goes out.`,
  stopTitle: 'Stop all sending?',
  stopText:
    'Nothing more goes out until somebody lets it: neither campaigns nor answers. What comes in is seen as before. What WhatsApp has already cannot be taken back.',
  resumeTitle: 'Let sending go on?',
  resumeText: 'Campaigns under way go on by their schedules, and answers can be sent again.',
  answer: 'All sending is stopped: nothing can be answered from here.',
};
