import { useConfig } from './queries';
import { useText } from '../i18n/I18nProvider';
import { absolute } from '../lib/time';

/** A moment as the clocks of the business show it, wherever the page is open. */
export function useMoment(): (at: string) => string {
  const { locale } = useText();
  const zone = useConfig().data?.zone;
  return (at) => absolute(at, locale, zone);
}
