import { Badge, Button, Group, Select, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCheck, IconSend } from '@tabler/icons-react';
import { useState } from 'react';

import { Notice } from '../ui/Notice';
import { useText } from '../i18n/I18nProvider';
import { useFormatTime } from '../live/useFormatTime';
import { ActionError } from '../ui/ActionError';
import { Card } from '../ui/Card';
import { DataTable, type Column } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { Empty } from '../ui/Empty';
import { PagedList } from '../ui/PagedList';
import { usePages } from '../ui/pages';
import { useAction } from '../ui/useAction';
import { deliveriesKey, getDeliveries, replayAll } from './api';
import { DeliveryDetails } from './DeliveryDetails';
import { DELIVERY_STATES, type Delivery, type DeliveryState } from './types';
import { failureText } from './failureText';

const COLORS: Record<DeliveryState, string> = {
  pendiente: 'gray',
  entregada: 'brand',
  descartada: 'red',
};

/** Past and pending deliveries of a webhook, newest first. */
export function Deliveries({ webhook }: { webhook: number }) {
  const t = useText();
  const s = t.integrations;
  const formatTime = useFormatTime();
  const [estado, setEstado] = useState<DeliveryState | ''>('');
  const [opened, dialog] = useDisclosure(false);
  const [openDelivery, setOpenDelivery] = useState<Delivery | null>(null);
  const pages = usePages<Delivery>({
    key: [...deliveriesKey(webhook), estado],
    fetch: (cursor, signal) => getDeliveries(webhook, estado, cursor, signal),
    everyMs: 5_000,
  });
  const again = useAction(deliveriesKey(webhook), () => replayAll(webhook));

  const columns: readonly Column<Delivery>[] = [
    {
      key: 'when',
      label: s.when,
      width: 165,
      cell: ({ creada }) => <Text size="sm">{formatTime(creada)}</Text>,
    },
    {
      key: 'event',
      label: s.event,
      cell: ({ evento }) => {
        const names: Readonly<Record<string, string>> = s.shortTopics;
        return <Text size="sm">{names[evento] ?? evento}</Text>;
      },
    },
    {
      key: 'state',
      label: s.state,
      cell: (delivery) => (
        <>
          <Badge variant="light" tt="none" color={COLORS[delivery.estado]}>
            {s.deliveryStates[delivery.estado]}
          </Badge>
          {delivery.error && (
            <Text size="xs" c="dimmed">
              {failureText(t, delivery.error, delivery.estado_http)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'attempts',
      label: s.attempts,
      align: 'end',
      cell: ({ intentos }) => <Text size="sm">{intentos}</Text>,
    },
    {
      key: 'look',
      label: s.detail,
      align: 'end',
      cell: (delivery) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={s.lookAt(delivery.id)}
          onClick={() => {
            setOpenDelivery(delivery);
            dialog.open();
          }}
        >
          {s.look}
        </Button>
      ),
    },
  ];
  return (
    <Card title={s.deliveries}>
        <Group justify="space-between" align="flex-end">
          <Select
            label={s.state}
            allowDeselect={false}
            value={estado}
            data={[
              { value: '', label: s.allStates },
              ...DELIVERY_STATES.map((value) => ({ value, label: s.deliveryStates[value] })),
            ]}
            onChange={(chosen) => setEstado(DELIVERY_STATES.find((state) => state === chosen) ?? '')}
          />
          <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
            {s.replayAll}
          </Button>
        </Group>
        <ActionError error={again.error} />
        {again.data && (
          <Notice
            color="brand"
            icon={<IconCheck aria-hidden />}
            title={s.replayed(again.data.reenviadas)}
            urgent
          />
        )}
        <PagedList
          pages={pages}
          empty={<Empty icon={IconSend} title={s.noDeliveries} text={s.noDeliveriesText} />}
        >
          {(items) => (
            <DataTable
              label={s.deliveries}
              columns={columns}
              items={items}
              rowKey={({ id }) => id}
              minWidth={640}
            />
          )}
        </PagedList>
      <Dialog
        opened={opened}
        title={s.delivery(openDelivery?.id ?? 0)}
        size="lg"
        onClose={dialog.close}
      >
        {openDelivery && <DeliveryDetails webhook={webhook} id={openDelivery.id} />}
      </Dialog>
    </Card>
  );
}
