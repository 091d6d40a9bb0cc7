import type { Context } from '../context.ts';
import { clientError } from '../errors/client-error.ts';
import { type AuditLine, writeAudit } from '../ops/audit.ts';
import { requireViewer } from './guards.ts';

const USER_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

export function isUserId(text: string): boolean {
  return USER_ID.test(text);
}

/** @throws BAD_USER_INPUT */
export function readUserId(id: string | number): string {
  if (isUserId(`${id}`)) return `${id}`;
  throw clientError('BAD_USER_INPUT', 'id is not a user id: send the UUID in `User.id`.');
}

/** Logs what the viewer does as an administrator. An invalid target is not logged as sent. */
export async function auditAllowed(
  context: Context,
  { action, target, change }: Pick<AuditLine, 'action' | 'change'> & { target?: string | number },
): Promise<void> {
  const { id: actor } = await requireViewer(context);
  writeAudit(context.log, {
    action,
    outcome: 'allowed',
    actor,
    requestId: context.connection.requestId,
    ...(target === undefined ? {} : { target: isUserId(`${target}`) ? `${target}` : 'not an id' }),
    ...(change ? { change } : {}),
  });
}
