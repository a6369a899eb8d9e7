import { common } from './common';
import { screens } from './screens';

/** All texts in Spanish. */
export const es = { ...common, ...screens };

export type CommonTexts = typeof common;
export type ScreenTexts = typeof screens;
/** The texts that every language must provide. */
export type Dictionary = CommonTexts & ScreenTexts;
