import { Anchor, Tabs, Text, Title } from '@mantine/core';
import { IconDialpad, IconQrcode } from '@tabler/icons-react';
import { useState } from 'react';

import { useSeesAll } from '../auth/AuthProvider';
import { useText } from '../i18n/I18nProvider';
import { CloseActions } from './CloseActions';
import { Pairing } from './Pairing';
import { QrCode } from './QrCode';
import classes from './Scan.module.css';
import { Steps } from './Steps';
import type { SessionActions } from './useSessionActions';

/** Linking a phone: by camera or by number. */
export function Scan({ actions }: { actions: SessionActions }) {
  const t = useText();
  const seesAll = useSeesAll();
  const [tab, setTab] = useState<string | null>('qr');
  return (
    <>
      <Title order={2} size="h3" mb="md" className={classes.title}>
        {t.scan.title}
      </Title>
      <Tabs value={tab} onChange={setTab} classNames={{ tab: classes.tab }}>
        <Tabs.List mb="lg">
          <Tabs.Tab value="qr" leftSection={<IconQrcode size={18} aria-hidden />}>
            {t.scan.qrTab}
          </Tabs.Tab>
          {seesAll && (
            <Tabs.Tab value="phone" leftSection={<IconDialpad size={18} aria-hidden />}>
              {t.scan.phoneTab}
            </Tabs.Tab>
          )}
        </Tabs.List>
        <Tabs.Panel value="qr">
          <div className={classes.columns}>
            <div className={classes.code}>
              <QrCode />
              {/* A phone cannot scan its own screen. */}
              {seesAll && (
                <Text size="sm" c="dimmed" ta="center" mt="xs" hiddenFrom="sm">
                  {t.scan.samePhone}{' '}
                  <Anchor component="button" type="button" inherit onClick={() => setTab('phone')}>
                    {t.scan.samePhoneLink}
                  </Anchor>
                </Text>
              )}
            </div>
            <Steps title={t.scan.stepsTitle} steps={t.scan.steps} />
          </div>
        </Tabs.Panel>
        {seesAll && (
          <Tabs.Panel value="phone">
            <Pairing />
          </Tabs.Panel>
        )}
      </Tabs>
      <div className={classes.foot}>
        <CloseActions actions={actions} offer={['cancel']} />
      </div>
    </>
  );
}
