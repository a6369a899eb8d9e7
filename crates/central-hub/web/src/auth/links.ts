import { ADMIN_ROUTES, AGENT_ROUTES, ROUTES, type RouteName } from '../lib/routes';
import { useOnlyAnswers, useSeesAll } from './AuthProvider';

/** The address of a screen by its name in the menu; null for who may not open it. */
export function useLinks(): (name: RouteName) => string | null {
  const seesAll = useSeesAll();
  const onlyAnswers = useOnlyAnswers();
  return (name) => {
    const may = onlyAnswers ? AGENT_ROUTES.has(name) : seesAll || !ADMIN_ROUTES.has(name);
    return may ? ROUTES[name] : null;
  };
}
