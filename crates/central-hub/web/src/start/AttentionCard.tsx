import { Anchor, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import { Link } from 'wouter';

import type { Me } from '../api/types';
import { useAuth, useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';
import { whyPaused } from '../i18n/lookup';
import { timestampText } from '../lib/days';
import { relative } from '../lib/time';
import { countText } from '../live/countText';
import { troubleText } from '../live/lineText';
import { OperatorHelp } from '../ui/OperatorHelp';
import type { AttentionItem } from './attention';
import { Card } from './Card';
import { useLinks } from '../auth/links';
import classes from './Start.module.css';

interface Props {
  matters: readonly AttentionItem[];
  zone: string;
  now: number;
}

/** The tasks that wait for a user, with links. */
export function AttentionCard({ matters, zone, now }: Props) {
  const t = useText();
  const seesAll = useSeesAll();
  const { me } = useAuth();
  const link = useLinks();
  const a = t.start.attention;
  const [helping, help] = useDisclosure(false);

  function pathOf(matter: AttentionItem): string | null {
    const campaigns = link('campaigns');
    switch (matter.kind) {
      case 'waiting':
        return link('conversations');
      case 'line':
        return matter.trouble.way === null ? null : link('whatsapp');
      case 'reachOutLocked':
      case 'newChatsCapped':
      case 'newChatsNear':
      case 'firstSync':
        return link('whatsapp');
      case 'autoOff':
        return null;
      case 'recordingOff':
        return link('settings');
      case 'possibleOptOuts':
        return link('optOuts') ?? link('conversations');
      case 'failed': {
        const messages = link('messages');
        return messages && `${messages}?estado=fallido`;
      }
      case 'paused':
      case 'half':
        return campaigns && `${campaigns}/${matter.campaign}`;
      case 'morePaused':
        return campaigns && `${campaigns}?estado=pausada`;
      case 'dead':
      case 'switchedOff':
        return link('integrations');
      case 'unapproved':
        return `${link('schedules') ?? ''}?vista=lista&estado=pendiente`;
    }
  }

  return (
    <Card title={a.title}>
      {matters.length === 0 ? (
        <div className={classes.matter}>
          <IconCircleCheck size={20} aria-hidden />
          <Text size="sm" component="p">
            {a.none}
          </Text>
        </div>
      ) : (
        <ul className={classes.list}>
          {matters.map((matter) => {
            const to = pathOf(matter);
            const bad = isBad(matter);
            const actionLabel = actionLabelOf(t, matter, seesAll);
            const formatTime = (at: string) => timestampText(at, now, zone, t.locale, t.dates);
            const text = textOf(t, matter, seesAll, me, formatTime, now);
            const Icon = bad ? IconAlertTriangle : IconInfoCircle;
            return (
              <li
                key={keyOf(matter)}
                className={classes.matter}
                data-tone={bad ? 'bad' : 'warn'}
                data-matter={matter.kind}
              >
                <Icon size={20} aria-hidden />
                <Text size="sm" component="p">
                  {text}
                </Text>
                {to && (
                  <Anchor component={Link} to={to} size="sm" aria-label={`${actionLabel}: ${text}`}>
                    {actionLabel}
                  </Anchor>
                )}
                {matter.kind === 'autoOff' && (
                  <Anchor component="button" type="button" size="sm" onClick={help.open}>
                    {a.ways.howTo}
                  </Anchor>
                )}
              </li>
            );
          })}
        </ul>
      )}
      <OperatorHelp opened={helping} onClose={help.close} />
    </Card>
  );
}

const isBad = ({ kind }: AttentionItem): boolean =>
  kind === 'line' ||
  kind === 'reachOutLocked' ||
  kind === 'newChatsCapped' ||
  kind === 'failed' || kind === 'paused' || kind === 'dead' || kind === 'half';

function keyOf(matter: AttentionItem): string {
  if ('campaign' in matter) return `${matter.kind}-${matter.campaign}`;
  return 'webhook' in matter ? `${matter.kind}-${matter.webhook}` : matter.kind;
}

/** Returns the label of a task's action. */
function actionLabelOf(t: Dictionary, matter: AttentionItem, seesAll: boolean): string {
  const { ways } = t.start.attention;
  switch (matter.kind) {
    case 'waiting':
      return ways.answer;
    case 'line':
      return matter.trouble.way === null ? ways.look : t.line.ways[matter.trouble.way];
    case 'paused':
    case 'morePaused':
    case 'half':
    case 'dead':
    case 'switchedOff':
    case 'possibleOptOuts':
      return ways.resolve;
    case 'unapproved':
      return seesAll ? ways.approve : ways.look;
    case 'recordingOff':
      return seesAll ? ways.turnOn : ways.look;
    default:
      return ways.look;
  }
}

function textOf(
  t: Dictionary,
  matter: AttentionItem,
  seesAll: boolean,
  me: Me,
  formatTime: (at: string) => string,
  now: number,
): string {
  const a = t.start.attention;
  const formatOptional = (at: string | null) => (at === null ? null : formatTime(at));
  switch (matter.kind) {
    case 'waiting':
      return a.waiting(
        matter.count,
        countText(matter.count, matter.more),
        matter.since === null ? null : relative(matter.since, now, t.locale),
      );
    case 'line':
      return troubleText(t, matter.trouble, formatTime);
    case 'reachOutLocked':
      return a.reachOutLocked(formatOptional(matter.until));
    case 'newChatsCapped':
      return a.newChatsCapped(matter.used, matter.total, formatOptional(matter.until));
    case 'newChatsNear':
      return a.newChatsNear(matter.last, matter.used, matter.total);
    case 'firstSync':
      return a.firstSync(matter.progress);
    case 'autoOff':
      return a.autoOff;
    case 'recordingOff':
      return a.recordingOff;
    case 'possibleOptOuts':
      return a.possibleOptOuts(matter.count);
    case 'failed':
      return a.failed(matter.count);
    case 'paused':
      return a.paused(matter.name, whyPaused(t, matter.why, me, formatTime));
    case 'morePaused':
      return a.morePaused(matter.count);
    case 'half':
      return a.half(matter.name);
    case 'dead':
      return a.dead(matter.name, `${matter.count}${matter.more ? '+' : ''}`);
    case 'switchedOff':
      return a.switchedOff(matter.name);
    case 'unapproved': {
      const quotedNames = matter.names.map((name) => a.quoted(name)).join(', ');
      const more = matter.count - matter.names.length;
      const names = more > 0 ? a.andMore(quotedNames, more) : quotedNames;
      return seesAll ? a.unapproved(matter.count, names) : a.unapprovedOwn(matter.count, names);
    }
  }
}
