import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin, { type AuthFailure } from '@pothos/plugin-scope-auth';
import type { GraphQLResolveInfo } from 'graphql';
import type { SignedIn, Viewer, ViewerFault } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { fail } from '../errors/codes.ts';
import { writeAudit } from '../ops/audit.ts';
import type { User } from '../storage/users.ts';

/** A page has its edges, and none of them is null. */
const EDGES = { list: false, items: false } as const;

/** Fields are non-null unless they say otherwise, and public unless they name a scope. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: { DateTime: { Input: Date; Output: Date }; LenientBoolean: { Input: boolean; Output: boolean } };
  /** `signedIn`: a valid token. `role`: a valid token of a user who has that role. */
  AuthScopes: { signedIn: boolean; role: User['role'] };
  DefaultEdgesNullability: typeof EDGES;
  DefaultNodeNullability: false;
}>({
  plugins: [ScopeAuthPlugin, RelayPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: (context) => ({
      signedIn: async () => (await context.viewer()).user !== undefined,
      role: async (role) => (await context.viewer()).user?.role === role,
    }),
    unauthorizedError: (_parent, context, info, { failure }) => {
      if (asksForAdmin(failure)) auditRefusal(context, info);
      return refusalOf(context.knownViewer());
    },
  },
  // Ids are ours as they are, so there is no Node and no global id: of Relay we take connections.
  relay: {
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether more comes after it; asked with `first`.' },
    hasPreviousPageFieldOptions: { description: 'Whether more comes before it; asked with `last`.' },
    startCursorFieldOptions: { description: 'The cursor of its first item, for `before`.' },
    endCursorFieldOptions: { description: 'The cursor of its last item, for `after`.' },
    pageInfoFieldOptions: { description: 'Where the page lies in the list.' },
    edgesFieldOptions: { description: 'The items of the page with their cursors.', nullable: EDGES },
    cursorFieldOptions: { description: 'Where the item lies, for `after` and `before`.' },
    nodeFieldOptions: { description: 'The item.', nullable: false },
    firstArgOptions: { description: 'How many from the start, 1 to 100.' },
    lastArgOptions: { description: 'How many from the end, 1 to 100.' },
    afterArgOptions: { description: 'Only what comes after this cursor.' },
    beforeArgOptions: { description: 'Only what comes before this cursor.' },
    defaultConnectionTypeOptions: { description: 'A page of a list, by the convention of Relay.' },
    defaultEdgeTypeOptions: { description: 'An item of a list.' },
  },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({ description: 'What can be done.' });

/**
 * The user who asks, in fields behind a scope.
 * @throws UNAUTHENTICATED, saying what is wrong with the token
 */
export async function requireViewer(context: Context): Promise<User> {
  return (await requireSession(context)).user;
}

/**
 * The same with the time of their login.
 * @throws UNAUTHENTICATED
 */
export async function requireSession(context: Context): Promise<SignedIn<User>> {
  const viewer = await context.viewer();
  if (viewer.user) return viewer;
  throw refusalOf(viewer);
}

/** A scope that is no better than `signedIn` refuses many an honest client: that is nothing for the audit. */
function asksForAdmin(failure: AuthFailure): boolean {
  if ('failures' in failure) return failure.failures.some(asksForAdmin);
  return failure.kind === 'AuthScope' && failure.scope === 'role';
}

function auditRefusal({ log, connection, knownViewer }: Context, { fieldName }: GraphQLResolveInfo): void {
  writeAudit(log, {
    action: fieldName,
    outcome: 'refused',
    actor: knownViewer()?.user?.id ?? null,
    requestId: connection.requestId,
  });
}

function refusalOf(viewer: Viewer<User> | undefined) {
  return viewer?.fault === 'DISABLED'
    ? disabled()
    : viewer?.fault
      ? fail('UNAUTHENTICATED', FAULT_MESSAGES[viewer.fault])
      : fail('FORBIDDEN', 'You are signed in but may not read or do this.');
}

/** For a person whom an admin has shut out. */
export function disabled() {
  return fail(
    'USER_DISABLED',
    'This account was disabled by an administrator; logging in again does not help.',
  );
}

const FAULT_MESSAGES: Record<Exclude<ViewerFault, 'DISABLED'>, string> = {
  MISSING: 'The token is missing: log in, then send `Authorization: Bearer <token>`.',
  MALFORMED:
    'The Authorization header is malformed: it must be `Bearer <token>`, the token as login answered it. Log in again.',
  EXPIRED: 'The token has expired. Log in again.',
  INVALID: 'The token is not one of this server: its signature, issuer or audience is wrong. Log in again.',
  REVOKED: 'The token was revoked: the user logged out everywhere or no longer exists. Log in again.',
};
