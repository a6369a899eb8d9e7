import { useQuery, useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  Suspense,
  use,
  useCallback,
  useEffect,
  useState,
  type ReactNode,
} from 'react';

import { getMe, signIn, signOut } from '../api/endpoints';
import { onSignedOut } from '../api/http';
import type { Me } from '../api/types';
import { forgetChats } from '../lib/chatStore';
import { forgetDrafts } from '../lib/drafts';
import { setOwner } from '../lib/owner';
import { lazyWithStyles } from '../ui/lazyWithStyles';
import { ME_KEY, meQuery } from './identity';
import { Starting } from './Starting';

/** Loaded when somebody has to sign in. */
const SignIn = lazyWithStyles(() => import('./SignIn'));

/** Retry interval of the identity request while the hub does not respond. */
const RETRY_MS = 3_000;

interface Auth {
  me: Me;
  /** Null if no sign-in is required. */
  signOut: (() => Promise<void>) | null;
}

const AuthContext = createContext<Auth | null>(null);

/** Returns the signed-in user. Throws outside [`AuthProvider`]. */
export function useAuth(): Auth {
  const auth = use(AuthContext);
  if (!auth) throw new Error('nobody is signed in here');
  return auth;
}

/**
 * Returns whether the user may change settings of all businesses: a cliente
 * only sees its own business, and an agente only answers conversations.
 */
export function useSeesAll(): boolean {
  const { cliente_id, role } = useAuth().me;
  return cliente_id === null && role !== 'agente';
}

/** Returns whether the user may only answer conversations. */
export const useOnlyAnswers = (): boolean => useAuth().me.role === 'agente';

/** Renders its children for signed-in users, and the sign-in form otherwise. */
export function AuthProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [expired, setExpired] = useState(false);
  const { data: me, error } = useQuery({
    ...meQuery,
    refetchInterval: (query) => (query.state.data === undefined ? RETRY_MS : false),
  });

  const forget = useCallback(() => {
    queries.setQueryData(ME_KEY, null);
    // Data of the previous user must not reach the next one.
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME_KEY[0] });
  }, [queries]);

  useEffect(
    () =>
      onSignedOut(() => {
        if (queries.getQueryData<Me | null>(ME_KEY)) setExpired(true);
        forget();
      }),
    [queries, forget],
  );

  if (me === undefined) return <Starting error={error} />;
  if (me === null) {
    return (
      <Suspense fallback={<Starting error={null} />}>
        <SignIn
          expired={expired}
          onSubmit={async (username, password) => {
            await signIn(username, password);
            const user = await getMe();
            setExpired(false);
            queries.setQueryData(ME_KEY, user);
          }}
        />
      </Suspense>
    );
  }
  // Unsent work belongs to its user, also after the session expired.
  setOwner(me.user?.username ?? '');
  const leave = async () => {
    await signOut();
    forgetDrafts();
    forgetChats();
    setExpired(false);
    forget();
  };
  return (
    <AuthContext value={{ me, signOut: me.auth_required ? leave : null }}>{children}</AuthContext>
  );
}
