// How this browser announces inbound messages: notifications and sound, each with a switch.
import { writeStored, readStored } from './browserStorage';

const NOTIFY = 'lm-notify';
const SOUND = 'lm-sound';

/** Returns a switch's setting; `null` until the user was asked. */
const read = (key: string): boolean | null => {
  const stored = readStored(key);
  return stored === null ? null : stored === 'on';
};

export const wantsNotifications = (): boolean | null => read(NOTIFY);
export const wantsSound = (): boolean | null => read(SOUND);
export const setNotifications = (on: boolean): void => writeStored(NOTIFY, on ? 'on' : 'off');
export const setSound = (on: boolean): void => writeStored(SOUND, on ? 'on' : 'off');

/** Returns whether this browser supports and permits notifications. */
export function notificationsAre(): 'allowed' | 'refused' | 'open' | 'none' {
  if (!('Notification' in window)) return 'none';
  if (Notification.permission === 'granted') return 'allowed';
  return Notification.permission === 'denied' ? 'refused' : 'open';
}

/** Requests permission with the browser's own prompt. */
export async function askForNotifications(): Promise<boolean> {
  if (notificationsAre() === 'none') return false;
  return (await Notification.requestPermission()) === 'granted';
}

export function notify(title: string, body: string, tag: string, onClick: () => void): void {
  if (notificationsAre() !== 'allowed') return;
  try {
    const notification = new Notification(title, { body, tag });
    notification.onclick = () => {
      window.focus();
      notification.close();
      onClick();
    };
  } catch {
    // Mobile browsers require a service worker, so only the counts appear there.
  }
}

/** Plays two short notes; silent if the browser does not permit sound yet. */
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
    // Sound is optional; the visual notice remains.
  }
}
