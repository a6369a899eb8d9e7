import { Tabs, Title } from '@mantine/core';
import { IconDialpad, IconQrcode } from '@tabler/icons-react';

import { useText } from '../i18n/I18nProvider';
import { CloseActions } from './CloseActions';
import { Pairing } from './Pairing';
import { QrCode } from './QrCode';
import classes from './Scan.module.css';
import { Steps } from './Steps';
import type { SessionActions } from './useSessionActions';

/** Linking a phone: by its camera or by its number. */
export function Scan({ actions }: { actions: SessionActions }) {
  const t = useText();
  return (
    <>
      <Title order={2} mb="md" className={classes.title}>
        {t.scan.title}
      </Title>
      <Tabs defaultValue="qr" keepMounted>
        <Tabs.List mb="lg">
          <Tabs.Tab value="qr" leftSection={<IconQrcode size={18} aria-hidden />}>
            {t.scan.qrTab}
          </Tabs.Tab>
          <Tabs.Tab value="phone" leftSection={<IconDialpad size={18} aria-hidden />}>
            {t.scan.phoneTab}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="qr">
          <div className={classes.columns}>
            <QrCode />
            <Steps title={t.scan.stepsTitle} steps={t.scan.steps} />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="phone">
          <Pairing />
        </Tabs.Panel>
      </Tabs>
      <div className={classes.foot}>
        <CloseActions actions={actions} offer={['cancel']} />
      </div>
    </>
  );
}
