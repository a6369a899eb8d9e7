import { Progress, Text } from '@mantine/core';

import { useText } from '../i18n/I18nProvider';
import type { Campaign } from './types';
import { doneOf, percentOf, slicesOf } from './words';

/** The progress of a campaign, divided by the outcome of its messages. */
export function ProgressBar({ campaign, size = 'md' }: { campaign: Campaign; size?: string }) {
  const t = useText();
  const done = doneOf(campaign);
  const text = t.campaigns.progress(
    done.toLocaleString(t.locale),
    campaign.total.toLocaleString(t.locale),
  );
  return (
    <div>
      <Progress.Root
        size={size}
        role="progressbar"
        aria-label={t.campaigns.progressOf(campaign.nombre)}
        aria-valuemin={0}
        aria-valuemax={campaign.total}
        aria-valuenow={done}
        aria-valuetext={text}
      >
        {slicesOf(campaign).map(({ key, count, color }) => (
          <Progress.Section
            key={key}
            value={percentOf(count, campaign.total)}
            color={color}
            withAria={false}
          />
        ))}
      </Progress.Root>
      <Text size="xs" c="dimmed" mt={4} data-testid="progress-text">
        {text}
      </Text>
    </div>
  );
}
