import { Badge, Box, Group } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconFlask, IconHelp } from '@tabler/icons-react';

import type { SendBody } from '../api/types';
import { Notice } from '../ui/Notice';
import { useText } from '../i18n/I18nProvider';
import { errorText } from '../i18n/lookup';
import { formatPhone } from '../lib/phone';
import { useLive } from '../live/LiveProvider';
import { outcomeIsUnknown } from '../api/outcome';

function Id({ value }: { value: string }) {
  const t = useText();
  return (
    <details style={{ fontSize: 'var(--mantine-font-size-xs)', marginTop: 6 }}>
      <summary>{t.app.technical}</summary>
      {t.send.id}: <span className="lm-mono">{value}</span>
    </details>
  );
}

function SentNotice({ sent, to }: { sent: SendBody; to: string }) {
  const t = useText();
  const { acks } = useLive();
  if (sent.dry_run) {
    return (
      <Notice color="yellow" icon={<IconFlask aria-hidden />} title={t.send.dryRunTitle}>
        {t.send.dryRunText(formatPhone(to))}
        <Id value={sent.message_id} />
      </Notice>
    );
  }
  // The response itself confirms that WhatsApp's server accepted it.
  const ack = acks.get(sent.message_id)?.status ?? 'sent';
  return (
    <Notice color="brand" icon={<IconCheck aria-hidden />} title={t.send.sentTitle}>
      <Group gap="xs">
        <span>{t.send.sentText}</span>
        <Badge variant="outline" color={ack === 'failed' ? 'red' : 'brand'} tt="none">
          {t.send.ack[ack]}
        </Badge>
      </Group>
      <Id value={sent.message_id} />
    </Notice>
  );
}

/** The result of the test message. */
export function SendOutcome({
  sent,
  to,
  error,
}: {
  sent: SendBody | undefined;
  /** The recipient, in digits. */
  to: string;
  error: Error | null;
}) {
  const t = useText();
  const unknown = error !== null && outcomeIsUnknown(error);
  return (
    <Box role="status" aria-live="polite" mt={sent || error ? 'md' : 0} data-testid="send-outcome">
      {sent && <SentNotice sent={sent} to={to} />}
      {error && (
        <Notice
          color={unknown ? 'yellow' : 'red'}
          icon={unknown ? <IconHelp aria-hidden /> : <IconAlertTriangle aria-hidden />}
          title={unknown ? t.send.unknownTitle : t.send.failedTitle}
        >
          {errorText(t, error)}
        </Notice>
      )}
    </Box>
  );
}
