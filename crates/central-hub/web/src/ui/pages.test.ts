import { describe, expect, it } from 'vitest';

import { firstFilled } from './pages';

const pages = (empty: number) => (cursor: number | null) => {
  const at = cursor ?? 0;
  return Promise.resolve({
    items: at < empty ? [] : [at],
    next: at < empty ? at + 1 : null,
  });
};
const read = (page: { items: readonly number[]; next: number | null }) => page;

describe('firstFilled', () => {
  it('goes on through empty pages to the first with something in it', async () => {
    expect(await firstFilled(null, pages(0), read)).toEqual({ items: [0], next: null });
    expect(await firstFilled(null, pages(7), read)).toEqual({ items: [7], next: null });
  });

  it('stops at the end, and after many empty pages leaves the rest to a person', async () => {
    const nothing = () => Promise.resolve({ items: [], next: null });
    expect(await firstFilled(3, nothing, read)).toEqual({ items: [], next: null });
    const page = await firstFilled(null, pages(1_000), read);
    expect(page).toEqual({ items: [], next: 51 });
  });
});
