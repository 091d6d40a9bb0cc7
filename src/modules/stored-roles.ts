import type { Log } from '../ops/log.ts';
import type { RoleTable } from '../schema/roles.ts';
import type { Role } from '../storage/user-types.ts';

/** Reads stored roles. One whose module or configuration is gone is read as USER, which is logged once. */
export function createRoleReader(roles: RoleTable, log: Pick<Log, 'warn'>): (stored: string) => Role {
  const known = new Set(Object.keys(roles));
  const reported = new Set<string>();
  const isKnown = (stored: string): stored is Role => known.has(stored);
  return (stored) => {
    if (isKnown(stored)) return stored;
    if (!reported.has(stored))
      log.warn({ role: stored }, 'unknown role in the table, read as USER: no module and no ROLES has it');
    reported.add(stored);
    return 'USER';
  };
}
