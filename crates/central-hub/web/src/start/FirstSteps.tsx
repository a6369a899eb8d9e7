import { Anchor, Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCircle, IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { ROUTES } from '../lib/routes';
import { useSession } from '../live/queries';
import { OperatorHelp } from '../ui/OperatorHelp';
import { areFirstStepsHidden, hideFirstSteps } from './api';
import { Card } from './Card';
import classes from './Start.module.css';
import type { Overview } from './types';

/** The initial setup steps, until all are done or the user hides them. */
export function FirstSteps({ overview }: { overview: Overview }) {
  const t = useText();
  const s = t.start.steps;
  const seesAll = useSeesAll();
  const [hidden, setHidden] = useState(areFirstStepsHidden);
  const [helping, help] = useDisclosure(false);
  const { data: session } = useSession();
  if (!seesAll || hidden || !session) return null;
  const { mensajes: sent, campanias: campaigns } = overview.hay;
  const real = !overview.dry_run && overview.auto_campaigns_enabled;
  const steps = [
    { key: 'link', done: session.linked, text: s.link, to: ROUTES.whatsapp },
    { key: 'test', done: sent, text: s.test, to: ROUTES.whatsapp },
    { key: 'campaign', done: campaigns, text: s.campaign, to: `${ROUTES.campaigns}/nueva` },
    { key: 'real', done: real, text: s.real, to: null },
  ];
  if (steps.every(({ done }) => done)) return null;
  return (
    <Card
      title={s.title}
      action={
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            hideFirstSteps();
            setHidden(true);
          }}
        >
          {s.hide}
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        {s.what}
      </Text>
      <ol className={classes.steps}>
        {steps.map(({ key, done, text, to }) => (
          <li key={key} data-step={key} data-done={done || undefined}>
            <Group gap="xs" wrap="nowrap">
              {done ? (
                <IconCircleCheck size={20} aria-label={s.done} role="img" />
              ) : (
                <IconCircle size={20} aria-hidden />
              )}
              {done ? (
                <Text size="sm" c="dimmed">
                  {text}
                </Text>
              ) : to === null ? (
                <Anchor component="button" type="button" size="sm" ta="start" onClick={help.open}>
                  {text}
                </Anchor>
              ) : (
                <Anchor component={Link} to={to} size="sm">
                  {text}
                </Anchor>
              )}
            </Group>
          </li>
        ))}
      </ol>
      <OperatorHelp opened={helping} onClose={help.close} />
    </Card>
  );
}
