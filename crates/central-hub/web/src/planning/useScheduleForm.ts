import { useState, type FormEvent } from 'react';

import { useText } from '../i18n/I18nProvider';
import { checkForm, type FormProblems, type FormValues } from './form';

/** Manages the values of a schedule's form; problems are shown from the first submit on. */
export function useScheduleForm(first: () => FormValues) {
  const words = useText().schedules.form.problems;
  const [values, setValues] = useState(first);
  const [tried, setTried] = useState(false);
  const problems: FormProblems = tried ? checkForm(values) : {};
  return {
    values,
    set: (changes: Partial<FormValues>) => setValues((known) => ({ ...known, ...changes })),
    problem: (field: keyof FormValues): string | undefined => {
      const found = problems[field];
      return found && words[found];
    },
    /** Calls `act` if all values are valid; otherwise focuses the first invalid field. */
    submit: (event: FormEvent<HTMLFormElement>, act: () => void) => {
      event.preventDefault();
      setTried(true);
      if (Object.keys(checkForm(values)).length === 0) act();
      else focusFirstProblem(event.currentTarget);
    },
  };
}

/** Focuses the first invalid field, after the problems are rendered. */
function focusFirstProblem(form: HTMLFormElement) {
  requestAnimationFrame(() => {
    form.querySelector<HTMLElement>('[aria-invalid="true"], [data-error="true"] input')?.focus();
  });
}
