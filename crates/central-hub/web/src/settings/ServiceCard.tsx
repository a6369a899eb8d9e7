import { Code, Text } from '@mantine/core';

import { useConfig } from '../live/queries';
import type { ConfigBody } from '../api/types';
import { ScreenLoading } from '../ui/ScreenLoading';
import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';
import { ActionError } from '../ui/ActionError';
import { DataTable, type Column } from '../ui/DataTable';
import { useHealth } from './api';
import { Card } from '../ui/Card';
import { uptimeParts } from './uptime';
import type { Health } from './types';

interface Row {
  name: string;
  value: string;
  /** The environment variable that sets the value; null if it is fixed. */
  variable: string | null;
}

function uptimeText(t: Dictionary, seconds: number): string {
  const s = t.settings.service;
  const { days, hours, minutes } = uptimeParts(seconds);
  if (days > 0) return `${s.days(days)}, ${s.hours(hours)}`;
  return hours > 0 ? `${s.hours(hours)}, ${s.minutes(minutes)}` : s.minutes(minutes);
}

function managerText(t: Dictionary, { dependencies }: Health): string {
  const { status, state } = dependencies.session_manager;
  const link = status === 'up' ? t.system.up : t.system.down;
  if (status === 'down' || state === null) return link;
  return t.settings.service.managerState(link, t.whatsapp.states[state]);
}

/** Returns the rows, most important first. */
function rowsOf(t: Dictionary, config: ConfigBody, health: Health | undefined): Row[] {
  const s = t.settings.service;
  const row = (name: string, value: string, variable: string | null = null): Row => ({
    name,
    value,
    variable,
  });
  const isSet = (value: boolean | undefined) => (value ? s.set : s.unset);
  const rows = [
    row(s.dryRun, config.dry_run ? s.dryRunOn : s.dryRunOff, 'DRY_RUN'),
    row(s.auto, config.auto_campaigns_enabled ? s.autoOn : s.autoOff, 'AUTO_CAMPAIGNS_ENABLED'),
    row(s.zone, config.zone, 'TZ'),
    row(s.environment, t.system.environment(config.environment), 'NODE_ENV'),
    row(s.signIn, config.auth_required ? s.signInOn : s.signInOff, 'HUB_ADMIN_PASSWORD'),
    row(s.version, config.version),
  ];
  if (health) rows.push(row(s.uptime, uptimeText(t, health.uptime)));
  if (config.session_manager_base_url !== undefined) {
    const state = health ? ` (${managerText(t, health)})` : '';
    const hosts = config.webhook_allowed_hosts ?? '';
    rows.push(
      row(s.manager, `${config.session_manager_base_url}${state}`, 'SESSION_MANAGER_BASE_URL'),
      row(s.managerToken, isSet(config.session_manager_token_set), 'SESSION_MANAGER_TOKEN'),
      row(
        s.database,
        `${s.engines[config.database_engine ?? 'sqlite']}: ${config.database_url ?? ''}`,
        'DATABASE_URL',
      ),
      row(s.internalToken, isSet(config.internal_token_set), 'INTERNAL_TOKEN'),
      row(s.webhookHosts, hosts === '(none)' ? s.none : hosts, 'WEBHOOK_ALLOWED_HOSTS'),
    );
  }
  return rows;
}

/** The service's configuration, read-only, with the variables that set it. */
export function ServiceCard() {
  const t = useText();
  const s = t.settings.service;
  const config = useConfig();
  const health = useHealth();
  const columns: Column<Row>[] = [
    {
      key: 'name',
      label: s.name,
      cell: (row) => (
        <>
          <Text size="sm">{row.name}</Text>
          {row.variable && <Code>{row.variable}</Code>}
        </>
      ),
    },
    {
      key: 'value',
      label: s.value,
      cell: (row) => (
        <Text size="sm" fw={500}>
          {row.value}
        </Text>
      ),
    },
  ];
  return (
    <Card title={s.title} text={s.text}>
      <ActionError error={config.error} />
      {config.data ? (
        <DataTable
          label={s.values}
          columns={columns}
          items={rowsOf(t, config.data, health.data)}
          rowKey={(row) => row.name}
          minWidth={280}
        />
      ) : (
        !config.error && <ScreenLoading />
      )}
    </Card>
  );
}
