import { ActionIcon, Button, Center, Text, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from 'react-router';

import { useConfig } from '../live/queries';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import { dayText } from '../lib/days';
import { formatPhone } from '../lib/phone';
import { usePageTitle } from '../lib/usePageTitle';
import { ActionError } from '../ui/ActionError';
import { AnswerBox } from './AnswerBox';
import { useHistory } from './api';
import { Bubble } from './Bubble';
import classes from './Conversations.module.css';
import { businessOf, byDay, inOrder } from './thread';

/** One conversation: what was written, and the box to answer in. */
export function Thread({ number }: { number: string }) {
  const t = useText();
  const c = t.conversations;
  const zone = useConfig().data?.zone ?? 'UTC';
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = useHistory(number);
  const first = data?.pages[0];
  const shown = formatPhone(number);
  const name = first?.nombre ?? null;
  usePageTitle(name ?? shown);
  const messages = data ? inOrder(data.pages) : [];
  const older = () => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  };
  return (
    <section className={classes.thread} aria-label={c.thread(name ?? shown)}>
      <div className={classes.title}>
        <ActionIcon
          component={Link}
          to="/conversaciones"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={c.back}
          className={classes.back}
        >
          <IconArrowLeft size={20} aria-hidden />
        </ActionIcon>
        <div>
          <Title order={2} size="h4">
            {name ?? shown}
          </Title>
          {name && (
            <Text size="sm" c="dimmed">
              {shown}
            </Text>
          )}
        </div>
      </div>
      {/* Turned around, so that it begins at its end and stays where it is read. */}
      <div
        className={classes.scroll}
        tabIndex={0}
        role="log"
        aria-label={c.thread(name ?? shown)}
        onScroll={({ currentTarget: box }) => {
          const left = box.scrollHeight - box.clientHeight - Math.abs(box.scrollTop);
          if (left < 60 && box.scrollTop !== 0) older();
        }}
      >
        <div className={classes.messages}>
          {hasNextPage && (
            <Center>
              <Button size="xs" variant="default" loading={isFetchingNextPage} onClick={older}>
                {c.older}
              </Button>
            </Center>
          )}
          <ActionError error={error} />
          {!data && !error && <ScreenLoading />}
          {data && messages.length === 0 && (
            <Text c="dimmed" ta="center" py="xl">
              {c.noMessages}
            </Text>
          )}
          {byDay(messages, zone).map(({ day, messages: some }) => (
            <div key={day} className={classes.day}>
              <Text size="xs" c="dimmed" ta="center" component="h3" fw={600} m={0}>
                {dayText(day, t.locale, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })}
              </Text>
              {some.map((message) => (
                <Bubble key={message.id} message={message} zone={zone} />
              ))}
            </div>
          ))}
        </div>
      </div>
      <AnswerBox number={first?.telefono ?? number} business={businessOf(messages)} />
    </section>
  );
}
