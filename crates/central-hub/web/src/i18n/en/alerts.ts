import type { alerts as es } from '../es/alerts';

export const alerts: typeof es = {
  wrote: (who) => `New message from ${who}`,
  waiting: (count) =>
    count === 1 ? '1 person is waiting for a reply' : `${count} people are waiting for a reply`,
  ask: 'Get notified of new messages?',
  yes: 'Yes, notify me',
  no: 'Not now',
  title: 'Notifications',
  text: 'For new messages, in this browser.',
  notify: 'Show a notification',
  notifyHint: 'While you are in another tab or program.',
  refused: 'The browser blocks notifications. Click the lock next to the address to allow them.',
  none: 'This browser does not support notifications.',
  sound: 'Play a sound',
  try: 'Test sound',
};
