import SchemaBuilder from '@pothos/core';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { SignedIn, Viewer, ViewerFault } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { fail } from '../errors.ts';
import type { User } from '../storage/users.ts';

/** Fields are non-null unless they say otherwise, and public unless they name a scope. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: { DateTime: { Input: Date; Output: Date }; LenientBoolean: { Input: boolean; Output: boolean } };
  /** `signedIn`: a valid token. `role`: a valid token of a user who has that role. */
  AuthScopes: { signedIn: boolean; role: User['role'] };
}>({
  plugins: [ScopeAuthPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: (context) => ({
      signedIn: async () => (await context.viewer()).user !== undefined,
      role: async (role) => (await context.viewer()).user?.role === role,
    }),
    unauthorizedError: (_parent, context) => refusalOf(context.knownViewer()),
  },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({ description: 'What can be done.' });

/**
 * The user who asks, in fields behind a scope.
 * @throws UNAUTHENTICATED, saying what is wrong with the token
 */
export const requireViewer = async (context: Context): Promise<User> => (await requireSession(context)).user;

/**
 * The same with the time of their login.
 * @throws UNAUTHENTICATED
 */
export const requireSession = async (context: Context): Promise<SignedIn<User>> => {
  const viewer = await context.viewer();
  if (viewer.user) return viewer;
  throw refusalOf(viewer);
};

const refusalOf = (viewer: Viewer<User> | undefined) =>
  viewer?.fault
    ? fail('UNAUTHENTICATED', FAULT_MESSAGES[viewer.fault])
    : fail('FORBIDDEN', 'You are signed in but may not read or do this.');

const FAULT_MESSAGES: Record<ViewerFault, string> = {
  MISSING: 'The token is missing: log in, then send `Authorization: Bearer <token>`.',
  MALFORMED:
    'The Authorization header is malformed: it must be `Bearer <token>`, the token as login answered it. Log in again.',
  EXPIRED: 'The token has expired. Log in again.',
  INVALID: 'The token is not one of this server: its signature, issuer or audience is wrong. Log in again.',
  REVOKED: 'The token was revoked: the user logged out everywhere or no longer exists. Log in again.',
};
