import { OPAQUE_ID } from '../common/identifiers.ts';
import { readConfig } from '../config/config.ts';
import { assemble } from '../modules/assembly.ts';
import type { DefinedModule } from '../modules/module.ts';
import { createRoleReader } from '../modules/stored-roles.ts';
import { writeAudit } from '../ops/audit.ts';
import { createLog, type Log } from '../ops/log.ts';
import type { RoleTable } from '../schema/roles.ts';
import { openStorage, type Storage } from '../storage/open.ts';
import type { Role, User } from '../storage/user-types.ts';
import { readEnv } from './environment-source.ts';

const USAGE = `Usage:
  npm run admin -- grant <openid or id> [role]   gives the user a role, ADMIN by default
  npm run admin -- revoke <openid or id>         makes them an ordinary user
`;

/** Grants and revokes roles. The only way to the first admin. */
export async function administrate(
  args: readonly string[],
  modules: readonly DefinedModule[],
): Promise<void> {
  const [verb = '', name = '', ...rest] = args;
  const maxArguments = verb === 'grant' ? 1 : 0;
  if (!isVerb(verb) || !OPAQUE_ID.test(name) || rest.length > maxArguments) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const config = readConfig(readEnv());
  const { roles } = assemble(modules, config.roles);
  const role = verb === 'grant' ? (rest[0] ?? 'ADMIN') : 'USER';
  if (!isRole(roles, role)) {
    process.stderr.write(`The role ${role} is unknown. The roles are: ${Object.keys(roles).join(', ')}.\n`);
    process.exitCode = 2;
    return;
  }
  const log = createLog(config.log.level);
  const storage = await openStorage(config.database, config.sessionKeySecrets, {
    readRole: createRoleReader(roles, log),
  });
  try {
    await storage.check();
    process.stdout.write(await setRole(storage, { verb, name, role, log }));
  } finally {
    await storage.close();
  }
}

function isVerb(verb: string): verb is 'grant' | 'revoke' {
  return verb === 'grant' || verb === 'revoke';
}

function isRole(roles: RoleTable, role: string): role is Role {
  return Object.hasOwn(roles, role);
}

type Change = { verb: 'grant' | 'revoke'; name: string; role: Role; log: Log };

/** Returns the message to print. */
async function setRole({ users }: Storage, { verb, name, role, log }: Change): Promise<string> {
  const [user, ...others] = await users.byIdOrOpenId(name);
  if (!user) {
    process.exitCode = 1;
    return `No user has the openid or id ${name}: the user must have logged in once.\n`;
  }
  if (others.length > 0) {
    process.exitCode = 1;
    return `Users of several mini programs have this openid, so name the id:\n${[user, ...others].map(formatUser).join('')}`;
  }
  await users.setRole(user.id, role);
  writeAudit(log, {
    action: verb,
    outcome: 'allowed',
    actor: 'npm run admin',
    requestId: `process ${process.pid}`,
    target: user.id,
    change: { role },
  });
  return `${formatUser(user)}is now ${role}.\n`;
}

function formatUser({ id, appId, nickName }: User): string {
  return `${id}  ${appId}  ${nickName ?? '(no nickname)'}\n`;
}
