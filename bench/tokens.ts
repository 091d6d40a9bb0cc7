import { writeFileSync } from 'node:fs';
import { createKeyring } from '../src/auth/keys.ts';
import { createTokens, type Tokens } from '../src/auth/tokens.ts';
import { APP_ID, JWT_SECRET, TOKEN_TTL } from './contract.ts';
import { person } from './people.ts';

/** Tokens in the load at most: with more users, every n-th has one. */
const MAX_TOKENS = 10_000;
/** For a session that is not checked here. */
const MAX_AGE = 30 * 24 * 3600;

export type Signer = Tokens & { forged: Tokens; foreign: Tokens; past: Tokens };

/** Signs and verifies as the product does. The other three issue tokens that every server must reject. */
export async function createSigner(): Promise<Signer> {
  const create = async (secret: string, audience: string, now = Date.now) =>
    createTokens({
      keys: await createKeyring({ secrets: [secret], privateKeys: [] }),
      ttl: TOKEN_TTL,
      maxAge: MAX_AGE,
      audience: [audience],
      now,
    });
  return {
    ...(await create(JWT_SECRET, APP_ID)),
    forged: await create(`${JWT_SECRET} of somebody else`, APP_ID),
    foreign: await create(JWT_SECRET, 'wxanother0000001'),
    past: await create(JWT_SECRET, APP_ID, () => Date.now() - 2 * TOKEN_TTL * 1000),
  };
}

export async function tokenOf(signer: Pick<Tokens, 'issue'>, n: number, tokenVersion = 0): Promise<string> {
  const { token } = await signer.issue({ id: person(n).id, appId: APP_ID, tokenVersion });
  return token;
}

/** Writes a file with one token a line, each of another user. */
export async function writeTokens(signer: Signer, users: number, file: string): Promise<void> {
  const count = Math.min(users, MAX_TOKENS);
  const tokens: string[] = [];
  for (let i = 0; i < count; i++) tokens.push(await tokenOf(signer, Math.floor((i * users) / count)));
  writeFileSync(file, `${tokens.join('\n')}\n`);
}
