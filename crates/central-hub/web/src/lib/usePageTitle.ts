import { useEffect } from 'react';

let currentTitle = '';
let currentCount = '';

function show() {
  document.title = `${currentCount === '' ? '' : `(${currentCount}) `}${currentTitle} · LeadMaster`;
}

/** Sets the title of the browser tab. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    currentTitle = title;
    show();
  }, [title]);
}

/** Prepends a count to the tab's title; an empty count removes it. */
export function useTitleCount(count: string): void {
  useEffect(() => {
    currentCount = count;
    if (currentTitle !== '') show();
  }, [count]);
}
