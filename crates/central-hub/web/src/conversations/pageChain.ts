/** A page, and the cursor of its request; null for the first one. */
export interface Fetched<Page> {
  page: Page;
  before: number | null;
}

/**
 * Returns a function that merges `pages`, in their order, into what is known. If they do not reach
 * it, drops it, since the list is shown without a gap.
 */
export const mergerOf =
  <Known, Page>(
    merge: (known: Known | undefined, page: Page, before: number | null) => Known,
    isApart: (known: Known | undefined, page: Page) => boolean,
  ) =>
  (known: Known | undefined, pages: readonly Fetched<Page>[]): Known => {
    const reaches = pages.some(({ page }) => !isApart(known, page));
    const [first, ...rest] = pages;
    if (!first) throw new TypeError('no page was fetched');
    return rest.reduce(
      (all, { page, before }) => merge(all, page, before),
      merge(reaches ? known : undefined, first.page, first.before),
    );
  };

/** Returns whether two lists have the same objects in the same order. */
export const isSame = <T>(some: readonly T[], others: readonly T[]): boolean =>
  some.length === others.length && some.every((one, at) => one === others[at]);
