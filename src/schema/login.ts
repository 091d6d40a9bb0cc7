import { clientError } from '../errors/client-error.ts';
import type { WeChatSession } from '../wechat/payloads.ts';
import { findCodeFault, readApp } from './arguments.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { withErrors } from './descriptions.ts';
import { disabledError } from './guards.ts';
import { enrolOnce, readIdempotencyKey } from './idempotent-login.ts';
import { limitLogin } from './limits.ts';
import type { IssuedSession } from './session.ts';
import { defineSignedUserInfoInput, readSignedUserInfo } from './signed-user-info.ts';
import { type CleanProfile, cleanUserInfo, defineIgnoredField } from './user-info.ts';

type Login = IssuedSession & { isNewUser: boolean } & Pick<CleanProfile, 'ignoredFields'>;

export function defineLogin(builder: Builder, { SessionPayload, UserInfoInput }: CoreTypes): void {
  const IgnoredFieldType = defineIgnoredField(builder);
  const LoginPayload = builder.objectRef<Login>('LoginPayload').implement({
    description: 'A successful login.',
    interfaces: [SessionPayload],
    fields: (t) => ({
      isNewUser: t.exposeBoolean('isNewUser', {
        description: 'Whether this was the first login of the user in this mini program. True once.',
      }),
      ignoredFields: t.expose('ignoredFields', {
        type: [IgnoredFieldType],
        description: 'The fields of userInfo or signedUserInfo that were not stored.',
      }),
    }),
  });
  const SignedUserInfoInput = defineSignedUserInfoInput(builder);

  builder.mutationField('login', (t) =>
    t.field({
      type: LoginPayload,
      description: withErrors(
        'Logs in with a wx.login code. All arguments are checked before the code is used: after BAD_USER_INPUT it is still valid. If the response was lost, send the same request again within 30 seconds (LOGIN_REPEAT_SECONDS); both must have the same `Idempotency-Key` header, a random string of at least 16 characters.',
        [
          'BAD_USER_INPUT',
          'RATE_LIMITED',
          'WECHAT_CODE_INVALID',
          'WECHAT_SESSION_STALE',
          'WECHAT_USER_BLOCKED',
          'WECHAT_RATE_LIMITED',
          'WECHAT_UNAVAILABLE',
          'WECHAT_MISCONFIGURED',
          'USER_DISABLED',
          'SERVICE_UNAVAILABLE',
        ],
      ),
      args: {
        code: t.arg.string({
          required: true,
          description: '`res.code` of wx.login: valid for 5 minutes, once.',
        }),
        userInfo: t.arg({ type: UserInfoInput, description: '`res.userInfo` of wx.getUserProfile.' }),
        signedUserInfo: t.arg({
          type: SignedUserInfoInput,
          description:
            'The signed form of userInfo, which is verified and overrides it. Call wx.login before wx.getUserProfile, or it is WECHAT_SESSION_STALE.',
        }),
        appId: t.arg.string({
          description: 'The mini program, if the server has several. Default: the first.',
        }),
      },
      resolve: async (_root, args, context) => {
        const app = readApp(context.apps, args.appId);
        const code = readLoginCode(args.code);
        const idempotencyKey = readIdempotencyKey(context.idempotencyKey);
        const signed = readSignedUserInfo(args.signedUserInfo);
        const { profile, ignoredFields } = cleanUserInfo({ ...args.userInfo, ...signed?.userInfo });
        const enrol = (session: WeChatSession & { newId?: string }) => {
          signed?.verify(session.sessionKey);
          return context.users.enrol({ appId: app.appId, ...session }, profile);
        };
        const { user, isNewUser } = await limitLogin(context, app.appId, async () => {
          const enrolled = await (idempotencyKey
            ? enrolOnce(context, { app, code, idempotencyKey }, enrol)
            : enrol(await context.wechat.code2Session(app, code)));
          context.identify(enrolled.user);
          if (enrolled.user.disabledAt) throw disabledError();
          return enrolled;
        });
        return { ...(await context.tokens.issue(user)), isNewUser, ignoredFields, user };
      },
    }),
  );
}

/** @throws BAD_USER_INPUT */
function readLoginCode(code: string): string {
  const fault = findCodeFault(code);
  if (fault === null) return code;
  throw clientError('BAD_USER_INPUT', CODE_FAULTS[fault]);
}

const CODE_FAULTS = {
  EMPTY: 'code is empty: send `res.code` of wx.login.',
  TOO_LONG: 'code is too long: send `res.code` of wx.login and nothing else.',
  INVALID_CHARACTERS: 'code has invalid characters: send `res.code` of wx.login unchanged.',
};
