import { Group, SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { useId, type ReactNode } from 'react';

import { LANGUAGES, useI18n, type Language } from '../i18n/I18nProvider';
import { Card } from '../ui/Card';

const SCHEMES = ['light', 'auto', 'dark'] as const;

function Choice({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500} id={id}>
        {label}
      </Text>
      {children(id)}
    </Stack>
  );
}

/** Language and theme of this browser. */
export function AppearanceCard() {
  const { t, language, setLanguage } = useI18n();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Card title={t.settings.own.title} text={t.settings.own.text}>
      <Group gap="xl">
        <Choice label={t.app.language}>
          {(id) => (
            <SegmentedControl<Language>
              aria-labelledby={id}
              value={language}
              onChange={setLanguage}
              data={(Object.keys(LANGUAGES) as Language[]).map((value) => ({
                value,
                label: <span lang={value}>{LANGUAGES[value]}</span>,
              }))}
            />
          )}
        </Choice>
        <Choice label={t.app.theme}>
          {(id) => (
            <SegmentedControl<(typeof SCHEMES)[number]>
              aria-labelledby={id}
              value={colorScheme}
              onChange={setColorScheme}
              data={SCHEMES.map((value) => ({ value, label: t.app.themes[value] }))}
            />
          )}
        </Choice>
      </Group>
    </Card>
  );
}
