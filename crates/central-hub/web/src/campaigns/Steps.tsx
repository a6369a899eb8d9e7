import { Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

import { useText } from '../i18n/I18nProvider';
import { useConfig } from '../live/queries';
import { endsText } from '../planning/endsText';
import { valuesOf } from '../planning/form';
import type { Schedule } from '../planning/types';
import { ScreenLoading } from '../ui/ScreenLoading';
import { Surface } from '../ui/Surface';
import { ListPanel } from './ListsCard';
import classes from './Message.module.css';
import { MessageStep } from './MessageStep';
import { ApprovalStep } from './ApprovalStep';
import type { CampaignStats } from './types';
import { useOwnSchedules } from './useStanding';
import { WhenStep } from './WhenStep';

const STEPS = ['list', 'message', 'when', 'review'] as const;

type Name = (typeof STEPS)[number];

/** A draft in four steps on one page; one is open, the others are summaries. */
export function Steps({ campaign }: { campaign: CampaignStats }) {
  const schedules = useOwnSchedules(campaign.id).data;
  if (!schedules) return <ScreenLoading />;
  const done = {
    list: campaign.total > 0,
    message: campaign.mensaje !== '',
    when: schedules.length > 0,
    review: false,
  };
  return <Known campaign={campaign} schedules={schedules} done={done} />;
}

interface KnownProps {
  campaign: CampaignStats;
  schedules: readonly Schedule[];
  done: Record<Name, boolean>;
}

function Known({ campaign, schedules, done }: KnownProps) {
  const t = useText();
  const s = t.campaigns.steps;
  // Initially the first unfinished step; afterwards the user's choice.
  const [open, setOpen] = useState<Name | null>(() => STEPS.find((name) => !done[name]) ?? 'review');
  const whenText = useWhenText(campaign, schedules);
  const people = t.campaigns.people(campaign.total, campaign.total.toLocaleString(t.locale));
  const summaries: Record<Name, string> = {
    list: done.list ? people : s.listTodo,
    message: done.message ? campaign.mensaje : s.messageTodo,
    when: whenText ?? s.whenTodo,
    review: '',
  };
  const next = (name: Name) => () => setOpen(name);
  const content: Record<Name, () => ReactNode> = {
    list: () => <ListPanel campaign={campaign} onNext={next('message')} />,
    message: () => <MessageStep campaign={campaign} onDone={next('when')} />,
    when: () => <WhenStep campaign={campaign} onDone={next('review')} />,
    review: () => <ApprovalStep campaign={campaign} />,
  };
  return (
    <Stack gap="sm">
      {STEPS.map((name, at) => (
        <Step
          key={name}
          number={at + 1}
          name={name}
          done={done[name]}
          summary={summaries[name]}
          open={open === name}
          onToggle={() => setOpen(open === name ? null : name)}
        >
          {content[name]}
        </Step>
      ))}
    </Stack>
  );
}

interface StepProps {
  number: number;
  name: Name;
  done: boolean;
  summary: string;
  open: boolean;
  onToggle: () => void;
  children: () => ReactNode;
}

function Step({ number, name, done, summary, open, onToggle, children }: StepProps) {
  const t = useText();
  const s = t.campaigns.steps;
  const panel = useId();
  const frame = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLButtonElement>(null);
  const previousOpen = useRef(open);
  // Moves the focus to a step that the previous step opened, and scrolls to its top.
  useEffect(() => {
    if (open && !previousOpen.current) {
      if (document.activeElement === document.body) head.current?.focus({ preventScroll: true });
      frame.current?.scrollIntoView({ block: 'nearest' });
    }
    previousOpen.current = open;
  }, [open]);
  const Chevron = open ? IconChevronUp : IconChevronDown;
  return (
    <Surface ref={frame} py={open ? { base: 'md', sm: 'lg' } : 'xs'} style={{ scrollMarginBlock: 100 }} data-testid={`step-${name}`}>
      <Title order={2} size="h4">
        <button
          ref={head}
          type="button"
          className={classes.head}
          aria-expanded={open}
          aria-controls={panel}
          onClick={onToggle}
        >
          <span className={classes.number} data-done={done || undefined} aria-hidden>
            {done ? <IconCheck size={18} /> : number}
          </span>
          <VisuallyHidden>{number}. </VisuallyHidden>
          <span>{s.names[name]}</span>
          {done && <VisuallyHidden>{s.done}</VisuallyHidden>}
          <Text
            span
            size="sm"
            c="dimmed"
            lineClamp={1}
            style={{ flex: open ? 1 : '1 1 160px' }}
            data-testid={`summary-${name}`}
          >
            {open ? '' : summary}
          </Text>
          <Chevron size={18} aria-hidden />
        </button>
      </Title>
      <div id={panel} role="region" aria-label={s.names[name]} hidden={!open}>
        {open && <div style={{ paddingBlockStart: 12 }}>{children()}</div>}
      </div>
    </Surface>
  );
}

/** Returns `203 people at 50 a day: 5 days, until fri 4/12` for the saved schedule. */
function useWhenText(campaign: CampaignStats, schedules: readonly Schedule[]): string | null {
  const t = useText();
  const zone = useConfig().data?.zone ?? 'UTC';
  const [schedule] = schedules;
  if (!schedule) return null;
  if (schedules.length > 1) return t.campaigns.steps.severalSchedules(schedules.length);
  return (
    endsText(t, valuesOf(schedule), campaign.pendientes, zone) ??
    `${schedule.hora_inicio} – ${schedule.hora_fin}`
  );
}
