import { readConfig } from '../config/config.ts';
import { writeAudit } from '../ops/audit.ts';
import { createLog } from '../ops/log.ts';
import { openStorage, type Storage } from '../storage/open.ts';
import type { User } from '../storage/users.ts';
import { readEnv, startOrExplain } from './start.ts';

/** The only way to the first admin: it takes a hand on the server. */
const ROLES = { grant: 'ADMIN', revoke: 'USER' } as const;
const USAGE = `Usage:
  npm run admin -- grant <openid or id>    makes this user an admin
  npm run admin -- revoke <openid or id>   makes it an ordinary user again
`;

await startOrExplain(async () => {
  const [verb = '', name = '', ...rest] = process.argv.slice(2);
  if (!isVerb(verb) || !/^[\w-]{16,64}$/.test(name) || rest.length > 0) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { database, sessionKeySecrets, log } = readConfig(readEnv());
  const storage = await openStorage(database, sessionKeySecrets);
  try {
    await storage.check();
    const said = await setRole(storage, verb, name, log.level);
    process.stdout.write(said);
  } finally {
    await storage.close();
  }
});

function isVerb(verb: string): verb is keyof typeof ROLES {
  return Object.hasOwn(ROLES, verb);
}

async function setRole({ users }: Storage, verb: keyof typeof ROLES, name: string, level: string) {
  const [user, ...others] = await users.named(name);
  if (!user) {
    process.exitCode = 1;
    return `No user has the openid or id ${name}: it must have logged in once.\n`;
  }
  if (others.length > 0) {
    process.exitCode = 1;
    return `Several mini programs have a user of that openid, so name the id:\n${[user, ...others].map(line).join('')}`;
  }
  await users.setRole(user.id, ROLES[verb]);
  writeAudit(createLog(level), {
    action: verb,
    outcome: 'allowed',
    actor: 'npm run admin',
    requestId: `process ${process.pid}`,
    target: user.id,
    change: { role: ROLES[verb] },
  });
  return `${line(user)}is now ${ROLES[verb]}.\n`;
}

function line({ id, appId, nickName }: User): string {
  return `${id}  ${appId}  ${nickName ?? '(no name)'}\n`;
}
