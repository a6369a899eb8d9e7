import { useRef } from 'react';

import { Surface } from '../ui/Surface';
import { Screen } from '../ui/Screen';
import { Empty } from '../ui/Empty';
import { useText } from '../i18n/I18nProvider';
import { usePathParam } from '../lib/usePathParam';
import { IconMessageCircle } from '@tabler/icons-react';
import { useFollow } from './api';
import classes from './Conversations.module.css';
import { ConversationList } from './ConversationList';
import { Thread } from './Thread';

/** The list of conversations, and the open conversation beside it. */
export default function ConversationsScreen() {
  const t = useText();
  const telefono = usePathParam('telefono');
  const scroller = useRef<HTMLDivElement>(null);
  useFollow();
  return (
    <Screen
      title={t.nav.conversations}
      quiet={telefono !== undefined}
    >
      <div className={classes.panes} data-open={telefono !== undefined || undefined}>
        <Surface ref={scroller} className={classes.list} p="sm">
          <ConversationList chosen={telefono} scroller={scroller} />
        </Surface>
        <Surface className={classes.one} p={0}>
          {telefono === undefined ? (
            <Empty
              icon={IconMessageCircle}
              title={t.conversations.chooseTitle}
            />
          ) : (
            <Thread key={telefono} number={telefono} />
          )}
        </Surface>
      </div>
    </Screen>
  );
}
