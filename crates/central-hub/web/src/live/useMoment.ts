import { momentText, shortMoment } from '../lib/days';
import { useText } from '../i18n/I18nProvider';
import { useConfig } from './queries';

/** Of the business, once the hub said it. */
const useZone = (): string =>
  useConfig().data?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `hoy 08:05`: a moment as the clocks of the business show it, wherever the page is open. */
export function useMoment(): (at: string) => string {
  const { locale, dates } = useText();
  const zone = useZone();
  return (at) => momentText(at, Date.now(), zone, locale, dates);
}

/** The same for a narrow place: `08:05` of today, the day alone of another. */
export function useShortMoment(): (at: string) => string {
  const { locale, dates } = useText();
  const zone = useZone();
  return (at) => shortMoment(at, Date.now(), zone, locale, dates);
}
