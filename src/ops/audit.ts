import type { Log } from './log.ts';

/** What somebody did, or was kept from doing, with the rights of an administrator. */
export type AuditLine = {
  /** The field of the schema, such as `setUserRole`. */
  action: string;
  outcome: 'allowed' | 'refused';
  /** The id of the user who asked; null for nobody we know. */
  actor: string | null;
  requestId: string;
  /** The id of the user whom it is about. */
  target?: string;
  /** What became of the target. */
  change?: Record<string, string | boolean>;
};

/**
 * Writes an audit line, with `"audit"` in it to search for. What was done is written also where LOG_LEVEL leaves out
 * `info`; what was refused is not, for anybody can cause that at will.
 */
export function writeAudit(log: Log, line: AuditLine): void {
  const always = line.outcome === 'allowed' && log.level !== 'silent';
  (always ? log.child({}, { level: 'info' }) : log).info({ audit: line }, 'audit');
}
