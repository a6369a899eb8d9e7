import { ADMIN_ROUTES, AGENT_ROUTES, ROUTES, type RouteName } from '../lib/routes';
import { useOnlyAnswers, useSeesAll } from './AuthProvider';

/** Returns a function that maps a screen's name to its path; null without permission. */
export function useLinks(): (name: RouteName) => string | null {
  const seesAll = useSeesAll();
  const onlyAnswers = useOnlyAnswers();
  return (name) => {
    const may = onlyAnswers ? AGENT_ROUTES.has(name) : seesAll || !ADMIN_ROUTES.has(name);
    return may ? ROUTES[name] : null;
  };
}
