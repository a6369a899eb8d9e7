import {
  createContext,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from 'react';

import { es, type Dictionary } from './es';
import { en } from './en';

export const LANGUAGES = { es: 'Español', en: 'English' } as const;

export type Language = keyof typeof LANGUAGES;

const DICTIONARIES: Record<Language, Dictionary> = { es, en };
const STORAGE_KEY = 'leadmaster-language';

interface I18n {
  language: Language;
  t: Dictionary;
  setLanguage: (language: Language) => void;
}

const I18nContext = createContext<I18n>({ language: 'es', t: es, setLanguage: () => undefined });

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

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(storedLanguage);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const setLanguage = useCallback((next: Language) => {
    choose(next);
    try {
      localStorage.setItem(STORAGE_KEY, next);
    } catch {
      // Storage is disabled: the choice applies to this visit only.
    }
  }, []);

  const value = useMemo(
    () => ({ language, t: DICTIONARIES[language], setLanguage }),
    [language, setLanguage],
  );
  return <I18nContext value={value}>{children}</I18nContext>;
}
