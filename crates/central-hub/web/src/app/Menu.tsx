import { NavLink, Stack } from '@mantine/core';
import { Link } from 'wouter';

import { UserMenu } from '../auth/UserMenu';
import { useText } from '../i18n/I18nProvider';
import { useInbox } from '../live/useInbox';
import { Preferences } from '../ui/Preferences';
import classes from './Frame.module.css';
import type { MenuEntry } from './navigation';
import { SystemStatus } from './SystemStatus';
import { Waiting } from './Waiting';

interface Props {
  entries: readonly MenuEntry[];
  /** Returns whether the current screen belongs to a section. */
  isIn: (path: string) => boolean;
  /** Returns how many conversations wait for an answer under a section. */
  waits: (path: string) => number;
  phone: boolean;
}

/** The menu's content: the screens, the user and the state of the line. */
export default function Menu({ entries, isIn, waits, phone }: Props) {
  const t = useText();
  const inbox = useInbox();
  return (
    <Stack justify="space-between" h="100%" gap="md" style={{ overflowY: 'auto' }}>
      <nav aria-label={t.app.navigation}>
        {entries.map(({ path, label, icon: Icon }) => (
          <NavLink
            key={path}
            component={Link}
            to={path}
            aria-current={isIn(path) ? 'page' : undefined}
            label={label(t)}
            leftSection={<Icon size={20} stroke={1.6} aria-hidden />}
            rightSection={waits(path) > 0 && <Waiting count={waits(path)} more={inbox?.hay_mas} />}
            active={isIn(path)}
            className={classes.entry ?? ''}
          />
        ))}
      </nav>
      <Stack gap="md">
        {phone && <Preferences />}
        <UserMenu />
        <SystemStatus />
      </Stack>
    </Stack>
  );
}
