import { Button, Progress, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlayerStop, IconSend, IconTrash } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';

import { outcomeIsUnknown } from '../../api/outcome';
import { useText } from '../../i18n/I18nProvider';
import { minutesAndSeconds } from '../../lib/time';
import { useNow, wallClock } from '../../lib/useNow';
import { ActionError } from '../../ui/ActionError';
import { Notice } from '../../ui/Notice';
import { FILE_NOT_CONVERTIBLE, refusalOf } from '../attachments';
import classes from './Compose.module.css';
import type { Voice } from './useVoice';

/** The duration of the recording so far. */
function Clock({ since }: { since: number }) {
  const v = useText().conversations.voice;
  const now = useNow(wallClock, 500);
  const time = minutesAndSeconds(Math.max(0, Math.floor((now - since) / 1000)));
  return (
    <Text size="sm" className={classes.clock} role="timer" aria-label={v.recording}>
      {`${v.recording} ${time}`}
    </Text>
  );
}

/** Controls to record, play and send a voice message. */
export function VoicePanel({ voice, canSend }: { voice: Voice; canSend: boolean }) {
  const c = useText().conversations;
  const v = c.voice;
  const { state, error, problem, isUploaded } = voice;
  const first = useRef<HTMLButtonElement>(null);
  /** The words for what only a voice message can fail with. */
  function wordsFor(failure: Error, isAtService: boolean): string | null {
    if (refusalOf(failure) === FILE_NOT_CONVERTIBLE) return v.notConvertible;
    if (!outcomeIsUnknown(failure)) return null;
    // Without its sound the message cannot have been sent.
    return isAtService ? c.unknown : v.brokeOff;
  }
  // The pressed button is gone, so focus the first remaining one, unless the user writes meanwhile.
  useEffect(() => {
    const isWriting = document.activeElement?.matches('input, textarea') ?? false;
    if (!isWriting && (state === 'recording' || state === 'recorded')) first.current?.focus();
  }, [state]);
  const words = error && wordsFor(error, isUploaded);
  return (
    <>
      <Text span role="status" className={classes.said ?? ''}>
        {state === 'recording' ? v.recording : state === 'recorded' ? v.recorded : ''}
      </Text>
      {problem && (
        <Notice color="yellow" icon={<IconAlertTriangle aria-hidden />} title={v.cannot} urgent>
          {v.problems[problem]}
        </Notice>
      )}
      {words && (
        <Text size="sm" role="alert">
          {words}
        </Text>
      )}
      <ActionError error={words ? null : error} />
      {state !== 'idle' && (
        <div className={classes.voice} role="group" aria-label={v.panel} data-testid="voice">
          {state === 'asking' && (
            <Text size="sm" className={classes.clock}>
              {v.asking}
            </Text>
          )}
          {state === 'recording' && voice.since !== null && (
            <>
              <span className={classes.live} aria-hidden />
              <Clock since={voice.since} />
            </>
          )}
          {(state === 'recorded' || state === 'sending') && voice.url && (
            <audio src={voice.url} controls aria-label={v.listen} />
          )}
          {state === 'sending' && (
            <Progress
              value={voice.part * 100}
              animated={voice.part === 1}
              aria-label={v.progress}
              style={{ flexBasis: '100%' }}
            />
          )}
          {state === 'recording' && (
            <Button
              ref={first}
              size="compact-md"
              variant="light"
              leftSection={<IconPlayerStop size={16} aria-hidden />}
              onClick={voice.stop}
            >
              {v.stop}
            </Button>
          )}
          <Button
            size="compact-md"
            variant="default"
            leftSection={<IconTrash size={16} aria-hidden />}
            // Once uploaded, the message can no longer be cancelled.
            disabled={state === 'sending' && voice.part === 1}
            onClick={voice.discard}
          >
            {v.discard}
          </Button>
          {(state === 'recorded' || state === 'sending') && (
            <Button
              ref={first}
              size="compact-md"
              loading={state === 'sending'}
              disabled={!canSend}
              leftSection={<IconSend size={16} aria-hidden />}
              onClick={voice.send}
            >
              {v.send}
            </Button>
          )}
        </div>
      )}
    </>
  );
}
