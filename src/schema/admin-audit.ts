import type { Context } from '../context.ts';
import { type AuditLine, writeAudit } from '../ops/audit.ts';
import { isUserId } from './arguments.ts';
import { requireViewer } from './guards.ts';

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
