import type { CSSProperties } from 'react';

import { hueOf, initialsOf } from '../lib/avatar';
import classes from './Conversations.module.css';

/** A contact's initials on a color derived from the chat. */
export function Avatar({ name, chat }: { name: string | null; chat: string }) {
  return (
    <span
      className={classes.avatar}
      style={{ '--hue': hueOf(chat) } as CSSProperties}
      aria-hidden
    >
      {initialsOf(name, chat)}
    </span>
  );
}
