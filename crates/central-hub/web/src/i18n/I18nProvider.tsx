import {
  createContext,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from 'react';

import type { Dictionary } from './es';
import { common } from './es/common';

export const LANGUAGES = { es: 'Español', en: 'English' } as const;

export type Language = keyof typeof LANGUAGES;

const FILES = {
  es: { common: async () => ({ common }), screens: () => import('./es/screens') },
  en: { common: () => import('./en/common'), screens: () => import('./en/screens') },
};

/**
 * The texts loaded so far. Those of the other screens are added to them before such a screen is
 * rendered; until then only `firstVisit.test.ts` keeps the first one from using them.
 */
const spanish = { ...common } as Dictionary;
const dictionaries: Partial<Record<Language, Dictionary>> = { es: spanish };
const textsOf = (language: Language): Dictionary => dictionaries[language] ?? spanish;

const STORAGE_KEY = 'leadmaster-language';

interface I18n {
  language: Language;
  t: Dictionary;
  setLanguage: (language: Language) => void;
}

const I18nContext = createContext<I18n>({
  language: 'es',
  t: spanish,
  setLanguage: () => undefined,
});

export const useI18n = (): I18n => use(I18nContext);

export const useText = (): Dictionary => use(I18nContext).t;

function storedLanguage(): Language {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'en' ? 'en' : 'es';
  } catch {
    // Storage may be disabled.
    return 'es';
  }
}

async function loadCommonTexts(language: Language): Promise<Dictionary> {
  return (dictionaries[language] ??= { ...(await FILES[language].common()).common } as Dictionary);
}

async function loadAllTexts(language: Language): Promise<void> {
  const [dictionary, { screens }] = await Promise.all([
    loadCommonTexts(language),
    FILES[language].screens(),
  ]);
  Object.assign(dictionary, screens);
}

/** The language of the page, whose texts are loaded. */
let current: Language = 'es';

/** Loads the first texts in the chosen language. If that fails, the page is in Spanish. */
export async function loadChosenLanguage(): Promise<void> {
  const chosen = storedLanguage();
  try {
    await loadCommonTexts(chosen);
    current = chosen;
  } catch {
    // The hub is away: its page says so in Spanish.
  }
}

/** Loads the texts of the screens other than the first, in the page's language. */
export const loadScreenTexts = (): Promise<void> => loadAllTexts(current);

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(current);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const setLanguage = useCallback((next: Language) => {
    // Without its texts, a language cannot be chosen.
    loadAllTexts(next).then(
      () => {
        current = next;
        choose(next);
        try {
          localStorage.setItem(STORAGE_KEY, next);
        } catch {
          // Storage is disabled: the choice applies to this visit only.
        }
      },
      () => undefined,
    );
  }, []);

  const value = useMemo(
    () => ({ language, t: textsOf(language), setLanguage }),
    [language, setLanguage],
  );
  return <I18nContext value={value}>{children}</I18nContext>;
}
