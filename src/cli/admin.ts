import { OPAQUE_ID } from '../common/identifiers.ts';
import { readConfig } from '../config/config.ts';
import { writeAudit } from '../ops/audit.ts';
import { createLog } from '../ops/log.ts';
import { openStorage, type Storage } from '../storage/open.ts';
import type { User } from '../storage/user-types.ts';
import { readEnv } from './environment-source.ts';
import { runOrExplain } from './start.ts';

/** Grants and revokes the role ADMIN. The only way to the first admin. */
const ROLES = { grant: 'ADMIN', revoke: 'USER' } as const;
const USAGE = `Usage:
  npm run admin -- grant <openid or id>    makes the user an admin
  npm run admin -- revoke <openid or id>   makes the admin an ordinary user
`;

await runOrExplain(async () => {
  const [verb = '', name = '', ...rest] = process.argv.slice(2);
  if (!isVerb(verb) || !OPAQUE_ID.test(name) || rest.length > 0) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { database, sessionKeySecrets, log } = readConfig(readEnv());
  const storage = await openStorage(database, sessionKeySecrets);
  try {
    await storage.check();
    process.stdout.write(await setRole(storage, verb, name, log.level));
  } finally {
    await storage.close();
  }
});

function isVerb(verb: string): verb is keyof typeof ROLES {
  return Object.hasOwn(ROLES, verb);
}

/** Returns the message to print. */
async function setRole(
  { users }: Storage,
  verb: keyof typeof ROLES,
  name: string,
  logLevel: string,
): Promise<string> {
  const [user, ...others] = await users.byIdOrOpenId(name);
  if (!user) {
    process.exitCode = 1;
    return `No user has the openid or id ${name}: the user must have logged in once.\n`;
  }
  if (others.length > 0) {
    process.exitCode = 1;
    return `Users of several mini programs have this openid, so name the id:\n${[user, ...others].map(formatUser).join('')}`;
  }
  await users.setRole(user.id, ROLES[verb]);
  writeAudit(createLog(logLevel), {
    action: verb,
    outcome: 'allowed',
    actor: 'npm run admin',
    requestId: `process ${process.pid}`,
    target: user.id,
    change: { role: ROLES[verb] },
  });
  return `${formatUser(user)}is now ${ROLES[verb]}.\n`;
}

function formatUser({ id, appId, nickName }: User): string {
  return `${id}  ${appId}  ${nickName ?? '(no nickname)'}\n`;
}
