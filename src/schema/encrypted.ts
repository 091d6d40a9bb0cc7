import type { z } from 'zod';
import type { Context } from '../context.ts';
import { fail } from '../errors/codes.ts';
import { groupInfo, phoneInfo, runData, type Sealed, type SealedFault } from '../wechat/encrypted-data.ts';
import { WeChatError } from '../wechat/wechat-error.ts';
import { builder, requireViewer } from './builder.ts';
import { findApp } from './login.ts';
import { readBound } from './phone.ts';
import { SELF, UserType } from './user.ts';

const EncryptedInput = builder.inputType('EncryptedInput', {
  description:
    'What WeChat encrypted with the session_key of the last login. Call wx.login, then login, then the function that gives this, and never wx.login between: it makes the next session_key.',
  fields: (t) => ({
    encryptedData: t.string({ required: true, description: '`res.encryptedData` as WeChat gave it.' }),
    iv: t.string({ required: true, description: '`res.iv` beside it.' }),
  }),
});

const DaySteps = builder.objectRef<{ day: Date; steps: number }>('DaySteps').implement({
  description: 'The steps of one day.',
  fields: (t) => ({
    day: t.expose('day', { type: 'DateTime', description: 'The beginning of the day in China.' }),
    steps: t.exposeInt('steps', { description: 'How many steps.' }),
  }),
});

const sealedArgument = { type: EncryptedInput, required: true } as const;

builder.mutationField('decryptRunData', (t) =>
  t.field({
    type: [DaySteps],
    description: 'The steps in what wx.getWeRunData gave, the oldest day first. Nothing is stored.',
    nullable: true,
    args: { data: t.arg({ ...sealedArgument, description: 'What wx.getWeRunData gave.' }) },
    authScopes: { signedIn: true },
    resolve: (_root, { data }, context) => open(runData, data, context),
  }),
);

builder.mutationField('decryptGroupId', (t) =>
  t.field({
    type: 'ID',
    description:
      'The openGId in what wx.getShareInfo or wx.getGroupEnterInfo gave: the group chat of a card. It is what the phone says, no proof of membership. Nothing is stored.',
    nullable: true,
    args: { data: t.arg({ ...sealedArgument, description: 'What wx.getShareInfo gave.' }) },
    authScopes: { signedIn: true },
    resolve: async (_root, { data }, context) => (await open(groupInfo, data, context)).openGId,
  }),
);

builder.mutationField('bindEncryptedPhone', (t) =>
  t.field({
    type: UserType,
    description:
      'What bindPhone does, for base libraries below 2.21.2, whose getPhoneNumber button gives encrypted data instead of a code. PHONE_IN_USE where another user of the mini program has the number.',
    nullable: true,
    args: { data: t.arg({ ...sealedArgument, description: '`e.detail` of bindgetphonenumber.' }) },
    authScopes: { signedIn: true },
    grantScopes: [SELF],
    resolve: async (_root, { data }, context) => {
      const phone = await open(phoneInfo, data, context);
      const { id } = await requireViewer(context);
      return readBound(await context.users.setPhone(id, phone));
    },
  }),
);

/**
 * Decrypts with the viewer's session_key.
 * @throws WECHAT_SESSION_STALE, BAD_USER_INPUT
 */
async function open<T>(kind: z.ZodType<T>, sealed: Sealed, context: Context): Promise<T> {
  const { id, appId } = await requireViewer(context);
  const sessionKey = await context.users.sessionKey(id);
  if (sessionKey === null) throw fail('WECHAT_SESSION_STALE', STALE);
  const { data, fault } = context.seals.open(kind, sealed, sessionKey, appId);
  if (fault === 'UNREADABLE') throw await explain(context, sessionKey);
  if (fault !== undefined) throw fail('BAD_USER_INPUT', FAULTS[fault]);
  return data;
}

/** WeChat knows whether the session_key that is held is the last one: if so, another login does not help. */
async function explain(context: Context, sessionKey: string) {
  const { appId, openId } = await requireViewer(context);
  const app = findApp(context.apps, appId);
  const current = await context.repeats.check([appId, openId, sessionKey], () =>
    context.wechat.checkSession(app, { openId, sessionKey }).catch((error: unknown) => {
      if (!(error instanceof WeChatError)) throw error;
      const { code, endpoint, errcode, rid, remedy } = error;
      context.log.warn({ wechat: { code, endpoint, errcode, rid, remedy } }, error.message);
      return false;
    }),
  );
  return current ? fail('BAD_USER_INPUT', EARLIER) : fail('WECHAT_SESSION_STALE', STALE);
}

const STALE =
  'The data was encrypted with another session_key than that of the last login: wx.login was called since, or on another device. Call wx.login, then login, then get the data again from WeChat, in this order.';
const EARLIER =
  'The data was encrypted before the last wx.login, or changed on the way. The login is fine: get the data again from WeChat and send that, without calling wx.login between.';

const FAULTS: Record<Exclude<SealedFault, 'UNREADABLE'>, string> = {
  MALFORMED: 'encryptedData or iv is not base64 of the right length: send both as WeChat gave them.',
  FOREIGN: 'The data was encrypted for another mini program than the one of the token.',
  OLD: 'The data is more than 10 minutes old: get it again from WeChat and send it at once.',
  OTHER_KIND: 'The data is readable but of another kind: each function of WeChat has its own field here.',
};
