import { clientError } from '../errors/client-error.ts';
import type { User } from '../storage/user-types.ts';
import type { EncryptedData } from '../wechat/encrypted-data.ts';
import { consistentPhoneInfo } from '../wechat/phone-info.ts';
import { findCodeFault, readApp } from './arguments.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { SIGNED_IN_ERRORS, withErrors } from './descriptions.ts';
import { DECRYPT_ERRORS, decryptForViewer } from './encrypted-input.ts';
import { deletedError, requireViewer } from './guards.ts';
import { countPhoneBind } from './limits.ts';
import { defineUserPayload, type UserPayload } from './user-payload.ts';

export function definePhone(builder: Builder, { UserType, EncryptedInput }: CoreTypes): void {
  const definePayload = (name: string, description: string) =>
    defineUserPayload(builder, UserType, name, description);

  const BindPhonePayload = definePayload(
    'BindPhonePayload',
    'The user with the phone number that was bound.',
  );

  builder.mutationField('bindPhone', (t) =>
    t.field({
      type: BindPhonePayload,
      description: withErrors(
        "Sets the viewer's phone number, with a code of the getPhoneNumber button. The same code returns the same result for 30 seconds (LOGIN_REPEAT_SECONDS).",
        [
          ...SIGNED_IN_ERRORS,
          'BAD_USER_INPUT',
          'RATE_LIMITED',
          'PHONE_IN_USE',
          'WECHAT_PHONE_CODE_INVALID',
          'WECHAT_USER_BLOCKED',
          'WECHAT_RATE_LIMITED',
          'WECHAT_UNAVAILABLE',
          'WECHAT_MISCONFIGURED',
        ],
      ),
      args: {
        code: t.arg.string({
          required: true,
          description:
            '`e.detail.code` of bindgetphonenumber: valid for 5 minutes, once. It is not the wx.login code.',
        }),
      },
      authScopes: { signedIn: true },
      resolve: async (_root, args, context) => {
        const { id, appId, openId } = await requireViewer(context);
        const app = readApp(context.apps, appId);
        const code = readPhoneCode(args.code);
        const phone = await context.repeats.phones.run([appId, openId, code], async () => {
          await countPhoneBind(context, id);
          return context.wechat.phoneNumber(app, openId, code);
        });
        return toPayload(await context.users.setPhone(id, phone));
      },
    }),
  );

  const BindEncryptedPhonePayload = definePayload(
    'BindEncryptedPhonePayload',
    'The user with the phone number that was decrypted and bound.',
  );

  builder.mutationField('bindEncryptedPhone', (t) =>
    t.field({
      type: BindEncryptedPhonePayload,
      description: withErrors(
        "Sets the viewer's phone number, for base libraries below 2.21.2, whose getPhoneNumber button returns encrypted data instead of a code.",
        [...DECRYPT_ERRORS, 'RATE_LIMITED', 'PHONE_IN_USE'],
      ),
      args: {
        data: t.arg({
          type: EncryptedInput,
          required: true,
          description: '`e.detail` of bindgetphonenumber.',
        }),
      },
      authScopes: { signedIn: true },
      resolve: async (_root, { data }, context) => {
        const { id } = await requireViewer(context);
        const bound = await context.repeats.encryptedPhones.run([id, withoutLineBreaks(data)], async () => {
          const phone = await decryptForViewer(consistentPhoneInfo, data, context);
          await countPhoneBind(context, id);
          toPayload(await context.users.setPhone(id, phone));
          return phone.number;
        });
        const { user } = toPayload(await context.users.byId(id));
        if (user.phoneNumber !== bound) throw clientError('BAD_USER_INPUT', USED_DATA);
        return { user };
      },
    }),
  );

  const UnbindPhonePayload = definePayload('UnbindPhonePayload', 'The user without a phone number.');

  builder.mutationField('unbindPhone', (t) =>
    t.field({
      type: UnbindPhonePayload,
      description: withErrors(
        "Erases the viewer's phone number, so that another user can bind it.",
        SIGNED_IN_ERRORS,
      ),
      authScopes: { signedIn: true },
      resolve: async (_root, _args, context) => {
        const { id } = await requireViewer(context);
        return toPayload(await context.users.setPhone(id, null));
      },
    }),
  );
}

/** @throws BAD_USER_INPUT before the code is used, so that it stays valid */
function readPhoneCode(code: string): string {
  if (findCodeFault(code) === null) return code;
  throw clientError(
    'BAD_USER_INPUT',
    'code is not a getPhoneNumber code: send `e.detail.code` unchanged. It is absent if the user refused.',
  );
}

const USED_DATA =
  'This data was used before, and the phone number was changed since: ask the user to press the button again.';

/** The same data, however its base64 is broken into lines. */
function withoutLineBreaks({ encryptedData, iv }: EncryptedData): string {
  return `${encryptedData} ${iv}`.replace(/[\r\n]/g, '');
}

/** @throws PHONE_IN_USE, UNAUTHENTICATED */
function toPayload(user: User | 'PHONE_IN_USE' | null): UserPayload {
  if (user === 'PHONE_IN_USE')
    throw clientError(
      'PHONE_IN_USE',
      'Another user of this mini program has this phone number. They must remove it (unbindPhone) first.',
    );
  if (!user) throw deletedError();
  return { user };
}
