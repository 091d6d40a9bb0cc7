import type { Repeats } from '../context.ts';
import { clientError } from '../errors/client-error.ts';
import type { User, Users } from '../storage/user-types.ts';
import type { WeChat, WeChatApp } from '../wechat/client.ts';
import type { WeChatSession } from '../wechat/payloads.ts';

type Attempt = { app: WeChatApp; code: string; idempotencyKey: string };
type Collaborators = {
  repeats: Pick<Repeats, 'sessions' | 'logins'>;
  wechat: Pick<WeChat, 'code2Session'>;
  users: Pick<Users, 'newId' | 'byId'>;
};
type Enrolled = { user: User; isNewUser: boolean };
type Enrol = (session: WeChatSession & { newId: string }) => Promise<Enrolled>;

/**
 * Enrols the user of a code once. A repeat shares the WeChat call and the row of the first attempt, and reads the user
 * again. If only the database failed, a repeat continues with the WeChat session and row id of the first attempt.
 * @throws WECHAT_CODE_INVALID if the user logged out or was deleted since the first attempt
 */
export async function enrolOnce(
  { repeats, wechat, users }: Collaborators,
  { app, code, idempotencyKey }: Attempt,
  enrol: Enrol,
): Promise<Enrolled> {
  const key = [app.appId, code, idempotencyKey];
  const redeem = async () => ({ ...(await wechat.code2Session(app, code)), newId: users.newId() });
  const { userId, tokenVersion, isNewUser } = await repeats.logins.run(key, async () => {
    const enrolled = await enrol(await repeats.sessions.run(key, redeem));
    repeats.sessions.forget(key);
    const { id, tokenVersion } = enrolled.user;
    return { userId: id, tokenVersion, isNewUser: enrolled.isNewUser };
  });
  const user = await users.byId(userId);
  if (!user)
    throw clientError('WECHAT_CODE_INVALID', 'The user of this code was deleted. Call wx.login again.');
  if (!user.disabledAt && user.tokenVersion !== tokenVersion)
    throw clientError(
      'WECHAT_CODE_INVALID',
      'The user logged out after this code was used. Call wx.login again.',
    );
  return { user, isNewUser };
}

/**
 * The value of the Idempotency-Key header, bare or quoted. Code and key together give a token, so it must be random.
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 * @throws BAD_USER_INPUT
 */
export function readIdempotencyKey(header: string | null): string | null {
  if (header === null) return null;
  const key = /^"?([\x21\x23-\x7e]{16,128})"?$/.exec(header)?.[1];
  if (key !== undefined) return key;
  throw clientError(
    'BAD_USER_INPUT',
    'The Idempotency-Key header is invalid: send 16 to 128 random characters without spaces, such as a UUID, or omit it.',
  );
}
