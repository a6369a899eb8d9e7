// How this browser tells that somebody wrote; each is switched by itself.
import { remember, remembered } from './stored';

const NOTIFY = 'lm-notify';
const SOUND = 'lm-sound';

/** `null` until somebody was asked. */
const read = (key: string): boolean | null => {
  const kept = remembered(key);
  return kept === null ? null : kept === 'on';
};

export const wantsNotifications = (): boolean | null => read(NOTIFY);
export const wantsSound = (): boolean | null => read(SOUND);
export const setNotifications = (on: boolean): void => remember(NOTIFY, on ? 'on' : 'off');
export const setSound = (on: boolean): void => remember(SOUND, on ? 'on' : 'off');

/** Whether this browser can show any, and may. */
export function notificationsAre(): 'allowed' | 'refused' | 'open' | 'none' {
  if (!('Notification' in window)) return 'none';
  if (Notification.permission === 'granted') return 'allowed';
  return Notification.permission === 'denied' ? 'refused' : 'open';
}

/** Asks the person by the browser's own question. */
export async function askForNotifications(): Promise<boolean> {
  if (notificationsAre() === 'none') return false;
  return (await Notification.requestPermission()) === 'granted';
}

export function notify(title: string, body: string, tag: string, onClick: () => void): void {
  if (notificationsAre() !== 'allowed') return;
  try {
    const shown = new Notification(title, { body, tag });
    shown.onclick = () => {
      window.focus();
      shown.close();
      onClick();
    };
  } catch {
    // Browsers of phones show none without a worker: there the counts have to do.
  }
}

/** Two short notes; nothing where the browser does not let a page sound yet. */
export function sound(): void {
  try {
    const context = new AudioContext();
    const volume = context.createGain();
    volume.gain.value = 0.08;
    volume.connect(context.destination);
    [660, 880].forEach((pitch, n) => {
      const note = context.createOscillator();
      note.frequency.value = pitch;
      note.connect(volume);
      note.start(context.currentTime + n * 0.14);
      note.stop(context.currentTime + n * 0.14 + 0.12);
    });
    setTimeout(() => void context.close(), 800);
  } catch {
    // Then it is seen and not heard.
  }
}
