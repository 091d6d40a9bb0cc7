import type { Context } from '../context.ts';
import { fail } from '../errors/codes.ts';
import type { User } from '../storage/users.ts';
import type { WeChatApp, WeChatSession } from '../wechat/client.ts';
import { builder, disabled } from './builder.ts';
import { countLogin } from './limits.ts';
import { readUserInfo, UserInfoInput } from './profile.ts';
import { readSigned } from './signed-user-info.ts';
import { SELF, UserType } from './user.ts';

type Login = { token: string; expiresAt: Date; isNewUser: boolean; user: User };

const LoginPayload = builder.objectRef<Login>('LoginPayload').implement({
  description: 'A successful login.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'A JWT: send it as `Authorization: Bearer <token>`.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token ends.' }),
    isNewUser: t.exposeBoolean('isNewUser', {
      description: 'True at the first login of this person in this mini program, once.',
    }),
    user: t.expose('user', { type: UserType, description: 'Who logged in.', grantScopes: [SELF] }),
  }),
});

builder.mutationField('login', (t) =>
  t.field({
    type: LoginPayload,
    description:
      'Logs in with a code of wx.login. Everything else is checked first: a code that got a BAD_USER_INPUT is still good. A client that never saw the answer may send the same again within 30 seconds if both requests have the same `Idempotency-Key` header, a random text of 16 characters or more.',
    args: {
      code: t.arg.string({
        required: true,
        description: '`res.code` of wx.login: good for 5 minutes, once.',
      }),
      userInfo: t.arg({
        type: UserInfoInput,
        description: '`res.userInfo` of wx.getUserProfile, if there is one.',
      }),
      rawData: t.arg.string({
        description:
          '`res.rawData` of wx.getUserProfile, for those who want the profile checked; it is used before userInfo. Needs signature.',
      }),
      signature: t.arg.string({
        description:
          '`res.signature` beside rawData. Call wx.login before wx.getUserProfile, or it is WECHAT_SESSION_STALE.',
      }),
      appId: t.arg.string({
        description: 'Which mini program, where the server serves several; the first one if absent.',
      }),
    },
    resolve: async (_root, args, context) => {
      const app = findApp(context.apps, args.appId);
      const code = readCode(args.code);
      const key = readIdempotencyKey(context.idempotencyKey);
      const signed = readSigned(args.rawData, args.signature);
      const profile = readUserInfo({ ...args.userInfo, ...signed?.userInfo });
      await countLogin(context, app.appId);
      const enrol = (session: WeChatSession & { newId?: string }) => {
        signed?.check(session.sessionKey);
        return context.users.enrol({ appId: app.appId, ...session }, profile);
      };
      const { user, isNewUser } = key
        ? await enrolOnce(context, [app, code, key], enrol)
        : await enrol(await context.wechat.code2Session(app, code));
      if (user.disabledAt) throw disabled();
      return { ...(await context.tokens.issue(user)), isNewUser, user };
    },
  }),
);

type Enrolled = { user: User; isNewUser: boolean };

/**
 * A repeat shares the call to WeChat and the row of the first attempt, and reads the user anew. Where only the
 * database failed, a repeat goes on with the session that WeChat gave, and with the id that a new row may have got.
 * @throws WECHAT_CODE_INVALID where the sessions of the first attempt's time have ended since: a repeat begins none
 */
async function enrolOnce(
  { repeats, wechat, users }: Context,
  [app, code, key]: readonly [WeChatApp, string, string],
  enrol: (session: WeChatSession & { newId: string }) => Promise<Enrolled>,
): Promise<Enrolled> {
  const name = [app.appId, code, key] as const;
  const redeem = async () => ({ ...(await wechat.code2Session(app, code)), newId: users.newId() });
  const { userId, tokenVersion, isNewUser } = await repeats.login(name, async () => {
    const enrolled = await enrol(await repeats.session(name, redeem));
    const { id, tokenVersion } = enrolled.user;
    return { userId: id, tokenVersion, isNewUser: enrolled.isNewUser };
  });
  const user = await users.byId(userId);
  if (!user) throw fail('WECHAT_CODE_INVALID', 'The user of this code was deleted. Call wx.login again.');
  if (!user.disabledAt && user.tokenVersion !== tokenVersion)
    throw fail(
      'WECHAT_CODE_INVALID',
      'The user has logged out since this code was used. Call wx.login again.',
    );
  return { user, isNewUser };
}

export function findApp(
  apps: readonly [WeChatApp, ...WeChatApp[]],
  appId: string | null | undefined,
): WeChatApp {
  if (appId === null || appId === undefined) return apps[0];
  const app = apps.find((candidate) => candidate.appId === appId);
  if (!app)
    throw fail(
      'BAD_USER_INPUT',
      'appId is none of the mini programs that this server serves: leave it out or correct it.',
    );
  return app;
}

/** Letters and digits, and what else a code might come to have. Nothing that a firewall before WeChat could mind. */
export const CODE = /^[\w.:~=+-]{1,256}$/;

/** Codes are about 32 letters and digits; what can't be one is not worth a call to WeChat. */
function readCode(code: string): string {
  if (code === '') throw fail('BAD_USER_INPUT', 'code is empty: send `res.code` of wx.login.');
  if (code.length > 256)
    throw fail('BAD_USER_INPUT', 'code is too long: send `res.code` of wx.login and nothing else.');
  if (!CODE.test(code))
    throw fail(
      'BAD_USER_INPUT',
      'code has characters that no code has: send `res.code` of wx.login as it is.',
    );
  return code;
}

/**
 * The key of the IETF draft, bare or in quotes. Whoever knows code and key gets a token, so it must not be guessable.
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
function readIdempotencyKey(header: string | null): string | null {
  if (header === null) return null;
  const key = /^"?([\x21\x23-\x7e]{16,128})"?$/.exec(header)?.[1];
  if (key === undefined)
    throw fail(
      'BAD_USER_INPUT',
      'The Idempotency-Key header is not a text of 16 to 128 letters, digits or signs: send a random one, such as a UUID, or none.',
    );
  return key;
}
