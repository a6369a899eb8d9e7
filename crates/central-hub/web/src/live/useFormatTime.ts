import { dayOfTimestampText, timestampText, shortTimestampText } from '../lib/days';
import { useText } from '../i18n/I18nProvider';
import { useConfig } from './queries';

/** Returns a function for the business's time zone, or the browser's until that is known. */
function useZone(): () => string {
  const known = useConfig().data?.zone;
  return () => known ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Returns a formatter of timestamps in the business's zone: `hoy 08:05`. */
export function useFormatTime(): (at: string) => string {
  const { locale, dates } = useText();
  const zone = useZone();
  return (at) => timestampText(at, Date.now(), zone(), locale, dates);
}

/** Returns a formatter of a timestamp's day in the business's zone: `hoy`, `lun 30/11`. */
export function useFormatDay(): (at: string) => string {
  const { locale, dates } = useText();
  const zone = useZone();
  return (at) => dayOfTimestampText(at, Date.now(), zone(), locale, dates);
}

/** Returns a short formatter: `08:05` today, otherwise only the day. */
export function useFormatShortTime(): (at: string) => string {
  const { locale, dates } = useText();
  const zone = useZone();
  return (at) => shortTimestampText(at, Date.now(), zone(), locale, dates);
}
