import type { Log } from './log.ts';

/** What an administrator did, or what was refused for lack of the role. */
export type AuditLine = {
  /** The schema field, such as `setUserRole`. */
  action: string;
  outcome: 'allowed' | 'refused';
  /** The user id of the caller; null if unknown. */
  actor: string | null;
  requestId: string;
  /** The user id of the target. */
  target?: string;
  /** The new values of the target. */
  change?: Record<string, string | boolean>;
};

/**
 * Logs an audit line, marked by the field `audit`. Allowed actions are logged at any LOG_LEVEL but `silent`; refused
 * ones at `info` only, because anybody can cause them.
 */
export function writeAudit(log: Log, line: AuditLine): void {
  const always = line.outcome === 'allowed' && log.level !== 'silent';
  (always ? log.child({}, { level: 'info' }) : log).info({ audit: line }, 'audit');
}
