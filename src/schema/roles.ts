import type { Role } from '../storage/user-types.ts';

/** What each role may do, by its name. */
export type RoleTable = Readonly<Record<Role, { description: string }>>;

/** The roles of the core. Modules and the variable ROLES add others. */
export const CORE_ROLES: RoleTable = {
  USER: { description: 'Reads and changes their own user.' },
  ADMIN: { description: 'Reads all users, changes their roles, disables them.' },
};
