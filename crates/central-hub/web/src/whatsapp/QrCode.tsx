import { Loader, Text } from '@mantine/core';
import type { SyntheticEvent } from 'react';

import { useFallbackQr } from '../live/queries';
import { useText } from '../i18n/I18nProvider';
import { fractionLeft, secondsLeft } from '../lib/time';
import { monotonic, useNow } from '../lib/useNow';
import { useLive } from '../live/LiveProvider';
import type { LiveQr } from '../live/reducer';
import classes from './QrCode.module.css';

function useCode(): LiveQr | null {
  const { qr } = useLive();
  const polled = useFallbackQr(qr === null).data;
  if (qr) return qr;
  if (polled?.status === 'QR_AVAILABLE') return { image: polled.qr, deadline: null, lifeMs: null };
  return null;
}

/** Disables smoothing only if the image is enlarged: shrinking without it distorts modules. */
function keepCrisp({ currentTarget: image }: SyntheticEvent<HTMLImageElement>) {
  const shown = image.clientWidth * window.devicePixelRatio;
  image.toggleAttribute('data-small', image.naturalWidth < shown);
}

/** The QR code with its remaining lifetime. */
export function QrCode() {
  const t = useText();
  const code = useCode();
  const deadline = code?.deadline ?? null;
  const now = useNow(monotonic, 250, deadline !== null);

  const left = deadline === null ? null : secondsLeft(deadline, now);
  const fraction =
    deadline === null || !code?.lifeMs ? null : fractionLeft(deadline, code.lifeMs, now);
  // The displayed code has expired, and its replacement is due.
  const isExpired = left === 0;

  return (
    <div>
      <div className={classes.plate} data-testid="qr-plate">
        {code && (
          <img
            src={code.image}
            alt={t.scan.alt}
            className={classes.image}
            data-dead={isExpired || undefined}
            onLoad={keepCrisp}
          />
        )}
        {(!code || isExpired) && (
          <div className={classes.waiting}>
            <Loader size="sm" color="brand.7" aria-hidden />
            <span>{code ? t.scan.renewing : t.scan.waiting}</span>
          </div>
        )}
      </div>
      <div className={classes.bar} data-idle={fraction === null || undefined} aria-hidden>
        <div
          className={classes.fill}
          data-late={left !== null && left <= 5 ? true : undefined}
          style={{ transform: `scaleX(${fraction ?? 0})` }}
        />
      </div>
      {/* Not announced: a screen reader should not count every second. */}
      <Text size="sm" c="dimmed" ta="center" role="timer" aria-live="off" className={classes.count}>
        {left !== null && left > 0 ? t.scan.renewsIn(left) : '\u00a0'}
      </Text>
    </div>
  );
}
