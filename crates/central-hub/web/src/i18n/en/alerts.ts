import type { alerts as es } from '../es/alerts';

export const alerts: typeof es = {
  wrote: (who) => `${who} wrote to you`,
  waiting: (count) =>
    count === 1 ? '1 person waits for an answer' : `${count} people wait for an answer`,
  ask: 'Shall we tell you when somebody writes?',
  yes: 'Yes, tell me',
  no: 'Not now',
  title: 'Alerts',
  text: 'When somebody writes. They hold for this browser.',
  notify: 'Show a notification',
  notifyHint: 'While you are in another tab or program.',
  refused: 'The browser does not allow them: the lock beside the address changes that.',
  none: 'This browser shows no notifications.',
  sound: 'Make a sound',
  try: 'Try the sound',
};
