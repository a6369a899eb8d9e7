import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

/**
 * Returns a component that is loaded when it is first rendered, with the styles that a first visit
 * does without.
 */
export function lazyWithStyles<Props>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(async () => {
    const [loaded] = await Promise.all([load(), import('./styles')]);
    return loaded;
  });
}
