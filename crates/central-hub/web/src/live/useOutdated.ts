import { useRef } from 'react';

import { useConfig } from './queries';

/** Whether the hub was updated since this page was loaded from it, which may be months. */
export function useOutdated(): boolean {
  const version = useConfig().data?.version;
  const first = useRef(version);
  first.current ??= version;
  return version !== first.current;
}
