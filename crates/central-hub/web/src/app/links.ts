import { useSections } from './navigation';
import { useText } from '../i18n/I18nProvider';
import type { Dictionary } from '../i18n/es';

type Name = keyof Dictionary['nav'];

/** The address of a screen by its name in the menu; null for who may not open it. */
export function useLinks(): (name: Name) => string | null {
  const t = useText();
  const sections = useSections();
  return (name) => sections.find(({ label }) => label(t) === t.nav[name])?.path ?? null;
}
