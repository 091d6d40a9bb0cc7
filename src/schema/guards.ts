import type { AuthFailure } from '@pothos/plugin-scope-auth';
import type { GraphQLError, GraphQLResolveInfo } from 'graphql';
import type { SignedIn, Viewer, ViewerFault } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { clientError } from '../errors/client-error.ts';
import { writeAudit } from '../ops/audit.ts';
import type { Role, User } from '../storage/user-types.ts';

/** Granted by fields whose user the viewer may see completely: their own, or the one that they change as an admin. */
export const SELF = 'self';

/** For data that only the user and admins may read. */
export const SELF_OR_ADMIN = { $granted: SELF, role: 'ADMIN' } as const;

/**
 * How the scopes are evaluated, for each request.
 * @internal
 */
export function authScopes(context: Context) {
  return {
    signedIn: () => readViewer(context, ({ user }) => user !== undefined),
    role: (role: Role | readonly Role[]) =>
      readViewer(context, ({ user }) => user !== undefined && [role].flat().includes(user.role)),
  };
}

/** Reads something of the viewer: at once if the viewer is known already. */
function readViewer<T>(context: Context, read: (viewer: Viewer<User>) => T): T | Promise<T> {
  const known = context.knownViewer();
  return known ? read(known) : context.viewer().then(read);
}

/** The viewer, or undefined: for fields that everybody may read. */
export function findViewer(context: Context): User | undefined | Promise<User | undefined> {
  return readViewer(context, ({ user }) => user);
}

/**
 * The viewer, in fields behind a scope.
 * @throws UNAUTHENTICATED, USER_DISABLED
 */
export function requireViewer(context: Context): User | Promise<User> {
  return readViewer(context, (viewer) => signedIn(viewer).user);
}

/**
 * The viewer and the time of their login.
 * @throws UNAUTHENTICATED, USER_DISABLED
 * @internal
 */
export function requireSession(context: Context): SignedIn<User> | Promise<SignedIn<User>> {
  return readViewer(context, signedIn);
}

function signedIn(viewer: Viewer<User>): SignedIn<User> {
  if (viewer.user) return viewer;
  throw viewerError(viewer);
}

/**
 * The error for a field whose scope failed. A missing role is audited.
 * @internal
 */
export function refusalError(
  context: Context,
  { fieldName, path }: GraphQLResolveInfo,
  failure: AuthFailure,
): GraphQLError {
  // The parent of a nested field was accessible, so a login would not help: `login { user { disabledAt } }`.
  const viewer = path.prev === undefined ? context.knownViewer() : undefined;
  if (needsRole(failure))
    writeAudit(context.log, {
      action: fieldName,
      outcome: 'refused',
      actor: context.knownViewer()?.user?.id ?? null,
      requestId: context.connection.requestId,
    });
  return viewerError(viewer);
}

function needsRole(failure: AuthFailure): boolean {
  if ('failures' in failure) return failure.failures.some(needsRole);
  return failure.kind === 'AuthScope' && failure.scope === 'role';
}

function viewerError(viewer: Viewer<User> | undefined): GraphQLError {
  if (viewer?.fault === 'DISABLED') return disabledError();
  if (viewer?.fault) return clientError('UNAUTHENTICATED', FAULT_MESSAGES[viewer.fault]);
  return clientError('FORBIDDEN', 'You are signed in but lack the role for this field.');
}

/** @internal */
export function disabledError(): GraphQLError {
  return clientError(
    'USER_DISABLED',
    'An administrator disabled this account. Logging in again does not help.',
  );
}

/**
 * The user of the token was deleted while the request ran.
 * @internal
 */
export function deletedError(): GraphQLError {
  return clientError('UNAUTHENTICATED', 'The user no longer exists. Log in again.');
}

const FAULT_MESSAGES: Record<Exclude<ViewerFault, 'DISABLED'>, string> = {
  MISSING: 'The token is missing: log in, then send `Authorization: Bearer <token>`.',
  MALFORMED:
    'The Authorization header is malformed: send `Bearer <token>`, with the token from login. Log in again.',
  EXPIRED: 'The token has expired. Log in again.',
  INVALID: 'The token is invalid: its signature, issuer or audience is wrong. Log in again.',
  REVOKED: 'The token was revoked: the user logged out, or no longer exists. Log in again.',
};
