import { deepStrictEqual } from 'node:assert';
import { z } from 'zod';
import { writeCode } from './codes.ts';
import { APP_ID } from './contract.ts';
import { post } from './launch.ts';
import { loginBody, ME_BODY, NOTES_BODY, type Operation } from './load.ts';
import { openIdOf, person } from './people.ts';
import { type Signer, tokenOf } from './tokens.ts';

/** Users whose `me` is compared. */
const SAMPLE = 20;
/** The users of the table end here; bench/load.lua counts new ones from 500,000,000. */
const NEW_USER = 400_000_000;

const loginReply = z.strictObject({
  data: z.strictObject({
    login: z.strictObject({
      token: z.string(),
      expiresAt: z.iso.datetime({ precision: 3 }),
      isNewUser: z.boolean(),
      user: z.strictObject({ id: z.uuid(), openId: z.string(), nickName: z.string().nullable() }),
    }),
  }),
});
const refusal = z.object({
  data: z.object({ me: z.null() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).min(1),
});

let serial = 0;

/**
 * Checks that a server does what is measured: it responds with the right user, keeps logins, and rejects bad tokens
 * and codes.
 * @throws {Error} with the first difference
 */
export async function verify(
  port: number,
  signer: Signer,
  { users, operations }: { users: number; operations: readonly Operation[] },
): Promise<void> {
  if (operations.includes('notes')) await verifyNotes(port, signer);
  for (let i = 0; i < SAMPLE; i++) await verifyMe(port, signer, Math.floor((i * users) / SAMPLE));
  await verifyRefusals(port, signer);
  for (const delayMs of [0, 50]) {
    await verifyLogin(port, signer, { user: users - 1, delayMs, isNewUser: false });
    const user = NEW_USER + ++serial;
    await verifyLogin(port, signer, { user, delayMs, isNewUser: true });
    await verifyLogin(port, signer, { user, delayMs, isNewUser: false });
  }
}

export function expectedMe(n: number): object {
  const { id, openId, nickName, avatarUrl, gender, city, createdAt } = person(n);
  const me = { id, appId: APP_ID, openId, nickName, avatarUrl, gender, city, role: 'USER' };
  return { data: { me: { ...me, createdAt: createdAt.toISOString() } } };
}

async function verifyMe(port: number, signer: Signer, n: number): Promise<void> {
  const { status, body } = await post(port, ME_BODY, await tokenOf(signer, n));
  deepStrictEqual({ status, body }, { status: 200, body: expectedMe(n) });
}

const note = z.strictObject({ id: z.uuid(), text: z.string(), createdAt: z.iso.datetime({ precision: 3 }) });
const notesReply = z.strictObject({
  data: z.strictObject({
    notes: z.strictObject({
      edges: z.array(z.strictObject({ cursor: z.uuid(), node: note })).length(20),
      pageInfo: z.strictObject({ hasNextPage: z.literal(true), endCursor: z.uuid() }),
    }),
  }),
});

async function verifyNotes(port: number, signer: Signer): Promise<void> {
  const { body } = await post(port, NOTES_BODY, await tokenOf(signer, 0));
  const { notes } = notesReply.parse(body).data;
  const { id, createdAt } = person(0);
  deepStrictEqual(
    notes.edges.map(({ cursor, node }) => [cursor, node.id, node.createdAt]),
    notes.edges
      .map((_, n) => n.toString(16).padStart(2, '0') + id.slice(2))
      .map((each) => [each, each, createdAt.toISOString()]),
  );
  deepStrictEqual(notes.pageInfo.endCursor, notes.edges.at(-1)?.cursor);
}

async function verifyRefusals(port: number, signer: Signer): Promise<void> {
  const good = await tokenOf(signer, 0);
  const bad = {
    missing: undefined,
    garbage: 'x.y.z',
    'cut off': good.slice(0, -3),
    forged: await tokenOf(signer.forged, 0),
    expired: await tokenOf(signer.past, 0),
    'of another mini program': (
      await signer.foreign.issue({ id: person(0).id, appId: 'wxanother0000001', tokenVersion: 0 })
    ).token,
    revoked: await tokenOf(signer, 0, 1),
    'of nobody': await tokenOf(signer, NEW_USER * 2),
  };
  for (const [name, token] of Object.entries(bad)) {
    const { body } = await post(port, ME_BODY, token);
    if (!refusal.safeParse(body).success)
      throw new Error(`a token that is ${name} was accepted: ${JSON.stringify(body)}`);
  }
  const invalid = await post(port, loginBody('no-such-code'));
  if (!refusal.safeParse(invalid.body).success)
    throw new Error(`an invalid code was accepted: ${JSON.stringify(invalid.body)}`);
}

async function verifyLogin(
  port: number,
  signer: Signer,
  { user, delayMs, isNewUser }: { user: number; delayMs: number; isNewUser: boolean },
): Promise<void> {
  const code = writeCode({ delayMs, user, serial: ++serial });
  const { status, body } = await post(port, loginBody(code));
  const reply = loginReply.safeParse(body);
  if (status !== 200 || !reply.success)
    throw new Error(`login responded with ${status} ${JSON.stringify(body)}`);
  const { login } = reply.data.data;
  deepStrictEqual([login.user.openId, login.isNewUser], [openIdOf(user), isNewUser]);
  const session = await signer.verify(login.token);
  if (typeof session === 'string') throw new Error(`the token of login is ${session}`);
  deepStrictEqual([session.id, session.appId], [login.user.id, APP_ID]);
  const me = await post(port, ME_BODY, login.token);
  const { success } = z
    .object({ data: z.object({ me: z.object({ openId: z.literal(openIdOf(user)) }) }) })
    .safeParse(me.body);
  if (!success) throw new Error(`me does not accept the token of login: ${JSON.stringify(me.body)}`);
}
