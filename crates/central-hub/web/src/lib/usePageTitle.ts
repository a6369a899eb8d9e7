import { useEffect } from 'react';

let shown = '';
let counted = '';

function show() {
  document.title = `${counted === '' ? '' : `(${counted}) `}${shown} · LeadMaster`;
}

/** What the browser's tab says. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    shown = title;
    show();
  }, [title]);
}

/** How much waits, in front of it; nothing for nothing. */
export function useTitleCount(count: string): void {
  useEffect(() => {
    counted = count;
    if (shown !== '') show();
  }, [count]);
}
