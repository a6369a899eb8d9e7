import { describe, expect, it } from 'vitest';

import { firstFilled, percentOf } from './pages';

const pages = (empty: number) => (cursor: number | null) => {
  const at = cursor ?? 0;
  return Promise.resolve({
    items: at < empty ? [] : [at],
    next: at < empty ? at + 1 : null,
  });
};
const read = (page: { items: readonly number[]; next: number | null }) => page;

describe('firstFilled', () => {
  it('skips empty pages up to the first page with items', async () => {
    expect(await firstFilled(null, pages(0), read)).toEqual({ items: [0], next: null });
    expect(await firstFilled(null, pages(7), read)).toEqual({ items: [7], next: null });
  });

  it('continues to the end, unless the user stops it', async () => {
    const nothing = () => Promise.resolve({ items: [], next: null });
    expect(await firstFilled(3, nothing, read)).toEqual({ items: [], next: null });
    expect(await firstFilled(null, pages(1_000), read)).toEqual({ items: [1_000], next: null });
    const steps: (number | null)[] = [];
    const page = await firstFilled(null, pages(1_000), read, (next) => steps.push(next) < 51);
    expect(page).toEqual({ items: [], next: 51 });
    expect(steps.length).toBe(51);
  });
});

describe('percentOf', () => {
  it('goes from the newest message to the first', () => {
    expect(percentOf(1_000, 1_000)).toBe(0);
    expect(percentOf(1_000, 250)).toBe(75);
    expect(percentOf(1_000, 0)).toBe(100);
  });

  it('is null if ids grow or are missing', () => {
    expect(percentOf(10, 20)).toBe(null);
    expect(percentOf(null, 20)).toBe(null);
    expect(percentOf('a', 'b')).toBe(null);
  });
});
