import { ADMIN_ROUTES, ROUTES, type RouteName } from '../lib/routes';
import { useSeesAll } from './AuthProvider';

/** The address of a screen by its name in the menu; null for who may not open it. */
export function useLinks(): (name: RouteName) => string | null {
  const seesAll = useSeesAll();
  return (name) => (seesAll || !ADMIN_ROUTES.has(name) ? ROUTES[name] : null);
}
