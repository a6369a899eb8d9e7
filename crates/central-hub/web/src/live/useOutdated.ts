import { useRef } from 'react';

import { useConfig } from './queries';

/**
 * Returns whether the hub was updated since this page was loaded, maybe months
 * ago.
 */
export function useOutdated(): boolean {
  const version = useConfig().data?.version;
  const first = useRef(version);
  first.current ??= version;
  return version !== first.current;
}
