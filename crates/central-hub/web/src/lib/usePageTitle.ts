import { useEffect } from 'react';

let shown = '';
let counted = '';

function show() {
  document.title = `${counted === '' ? '' : `(${counted}) `}${shown} · LeadMaster`;
}

/** Sets the title of the browser tab. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    shown = title;
    show();
  }, [title]);
}

/** Prepends a count to the tab's title; an empty count removes it. */
export function useTitleCount(count: string): void {
  useEffect(() => {
    counted = count;
    if (shown !== '') show();
  }, [count]);
}
