import { fail } from '../errors.ts';
import type { User } from '../storage/users.ts';
import type { WeChatApp } from '../wechat/client.ts';
import { builder, disabled } from './builder.ts';
import { countLogin } from './limits.ts';
import { readUserInfo, UserInfoInput } from './profile.ts';
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
      'Logs in with a code of wx.login. Everything else is checked first: a code that got a BAD_USER_INPUT is still good.',
    args: {
      code: t.arg.string({
        required: true,
        description: '`res.code` of wx.login: good for 5 minutes, once.',
      }),
      userInfo: t.arg({
        type: UserInfoInput,
        description: '`res.userInfo` of wx.getUserProfile, if there is one.',
      }),
      appId: t.arg.string({
        description: 'Which mini program, where the server serves several; the first one if absent.',
      }),
    },
    resolve: async (_root, args, context) => {
      const { apps, wechat, users, tokens } = context;
      const app = findApp(apps, args.appId);
      const code = readCode(args.code);
      const profile = readUserInfo(args.userInfo ?? {});
      await countLogin(context, app.appId);
      const session = await wechat.code2Session(app, code);
      const { user, isNewUser } = await users.enrol({ appId: app.appId, ...session }, profile);
      if (user.disabledAt) throw disabled();
      return { ...(await tokens.issue(user)), isNewUser, user };
    },
  }),
);

const findApp = (apps: readonly [WeChatApp, ...WeChatApp[]], appId: string | null | undefined): WeChatApp => {
  if (appId === null || appId === undefined) return apps[0];
  const app = apps.find((candidate) => candidate.appId === appId);
  if (!app)
    throw fail(
      'BAD_USER_INPUT',
      'appId is none of the mini programs that this server serves: leave it out or correct it.',
    );
  return app;
};

/** Codes are about 32 letters and digits; what can't be one is not worth a call to WeChat. */
const readCode = (code: string): string => {
  if (code === '') throw fail('BAD_USER_INPUT', 'code is empty: send `res.code` of wx.login.');
  if (code.length > 256)
    throw fail('BAD_USER_INPUT', 'code is too long: send `res.code` of wx.login and nothing else.');
  if (!/^[\x21-\x7e]+$/.test(code))
    throw fail(
      'BAD_USER_INPUT',
      'code has characters that no code has: send `res.code` of wx.login as it is.',
    );
  return code;
};
