import type { Dictionary } from '../es';
import { common } from './common';
import { screens } from './screens';

/** All texts in English. */
export const en: Dictionary = { ...common, ...screens };
