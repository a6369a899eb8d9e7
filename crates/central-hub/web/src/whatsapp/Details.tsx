import { Title } from '@mantine/core';
import type { ReactNode } from 'react';

import type { SelfTest, SessionBody } from '../api/types';
import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';
import { explainShort } from '../i18n/lookup';
import { useFormatTime } from '../live/useFormatTime';
import classes from './Details.module.css';
import { History } from './History';

type Row = [string, ReactNode];

function Facts({ title, rows }: { title: string; rows: Row[] }) {
  return (
    <section>
      <Title order={3} size="h5">
        {title}
      </Title>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function selfTestText(t: Dictionary, test: SelfTest | null): string {
  if (!test) return t.details.none;
  if (test.ok) return t.details.selfTestOk;
  const missing = Object.entries(test.checks)
    .filter(([, found]) => !found)
    .map(([name]) => name);
  return t.details.selfTestBad(missing.join(', '));
}

/** All fields of `GET /session`, for operators. */
export function Details({ session }: { session: SessionBody }) {
  const t = useText();
  const d = t.details;
  const formatTime = useFormatTime();
  const at = (when: string | null) => (when ? formatTime(when) : d.none);
  const { browser, page, restarts, qr, last_error: lastError } = session;

  return (
    <>
      <div className={classes.grid}>
        <Facts
          title={d.session}
          rows={[
            [d.since, at(session.since)],
            [d.cause, explainShort(t, session.cause, session.cause_message)],
            [d.linked, session.linked ? d.yes : d.no],
            ...(qr ? [[d.codes, d.codesLeft(qr.codes_left, qr.refreshes_left)] as Row] : []),
          ]}
        />
        <Facts
          title={d.browser}
          rows={[
            [d.browser, browser.running ? d.running : d.stopped],
            [d.chrome, browser.chrome_version ?? d.none],
            [d.chromedriver, browser.chromedriver_version ?? d.none],
            [d.startedAt, at(browser.started_at)],
          ]}
        />
        <Facts
          title={d.page}
          rows={[
            [d.url, page.url || d.none],
            [d.whatsappVersion, page.whatsapp_version ?? d.none],
            [d.waJs, page.wa_js_version ?? d.none],
            [d.selfTest, selfTestText(t, page.self_test)],
          ]}
        />
        <Facts
          title={d.service}
          rows={[
            [d.serviceVersion, session.service.version],
            [d.serviceStarted, at(session.service.started_at)],
            [
              d.restarts,
              d.restartsText(
                restarts.total,
                restarts.recent,
                restarts.budget,
                Math.round(restarts.window_seconds / 60),
              ),
            ],
            [
              d.lastError,
              lastError
                ? `${explainShort(t, lastError.code, lastError.message)} (${lastError.code}, ${at(lastError.at)})`
                : d.none,
            ],
          ]}
        />
      </div>
      <History entries={session.history} />
    </>
  );
}
