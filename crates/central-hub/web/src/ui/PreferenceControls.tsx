import { Group, SegmentedControl, useMantineColorScheme, VisuallyHidden } from '@mantine/core';
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react';

import { LANGUAGES, useI18n, type Language } from '../i18n/I18nProvider';

const SCHEMES = [
  { value: 'light', icon: IconSun },
  { value: 'auto', icon: IconDeviceDesktop },
  { value: 'dark', icon: IconMoon },
] as const;

type Scheme = (typeof SCHEMES)[number]['value'];

/** The switches of the language and of the color scheme. */
export default function PreferenceControls() {
  const { t, language, setLanguage } = useI18n();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group gap="sm" wrap="nowrap" component="section" aria-label={t.app.preferences}>
      <SegmentedControl<Language>
        size="xs"
        aria-label={t.app.language}
        value={language}
        onChange={setLanguage}
        data={(Object.keys(LANGUAGES) as Language[]).map((value) => ({
          value,
          label: (
            <span lang={value} title={LANGUAGES[value]}>
              <span aria-hidden>{value.toUpperCase()}</span>
              <VisuallyHidden>{LANGUAGES[value]}</VisuallyHidden>
            </span>
          ),
        }))}
      />
      <SegmentedControl<Scheme>
        size="xs"
        aria-label={t.app.theme}
        value={colorScheme}
        onChange={setColorScheme}
        data={SCHEMES.map(({ value, icon: Icon }) => ({
          value,
          label: (
            <span title={t.app.themes[value]}>
              <Icon size={15} style={{ display: 'block' }} aria-hidden />
              <VisuallyHidden>{t.app.themes[value]}</VisuallyHidden>
            </span>
          ),
        }))}
      />
    </Group>
  );
}
