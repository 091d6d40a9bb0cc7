import type { ErrorCode } from '../errors/codes.ts';

/** The errors of every field that needs a token. */
export const SIGNED_IN_ERRORS = ['UNAUTHENTICATED', 'USER_DISABLED', 'SERVICE_UNAVAILABLE'] as const;
/** The errors of every field for admins. */
export const ADMIN_ERRORS = [...SIGNED_IN_ERRORS, 'FORBIDDEN'] as const;

/** Appends the error codes of a field to its description. */
export function withErrors(description: string, codes: readonly ErrorCode[]): string {
  return `${description}\n\nErrors: ${codes.join(', ')}.`;
}
