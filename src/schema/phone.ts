import { fail } from '../errors/codes.ts';
import type { User } from '../storage/users.ts';
import { builder, requireViewer } from './builder.ts';
import { countPhoneBind } from './limits.ts';
import { CODE, findApp } from './login.ts';
import { SELF, UserType } from './user.ts';

builder.mutationField('bindPhone', (t) =>
  t.field({
    type: UserType,
    description:
      'Gives the viewer the phone number that the person shares by a button with open-type getPhoneNumber. PHONE_IN_USE where another user of the mini program has it. The same code again within 30 seconds is answered as the first time.',
    nullable: true,
    args: {
      code: t.arg.string({
        required: true,
        description:
          '`e.detail.code` of bindgetphonenumber: good for 5 minutes, once. It is not the code of wx.login.',
      }),
    },
    authScopes: { signedIn: true },
    grantScopes: [SELF],
    resolve: async (_root, args, context) => {
      const { id, appId, openId } = await requireViewer(context);
      const app = findApp(context.apps, appId);
      const code = readPhoneCode(args.code);
      const ask = async () => {
        await countPhoneBind(context, id);
        return context.wechat.phoneNumber(app, openId, code);
      };
      const phone = await context.repeats.phone([appId, openId, code], ask);
      return readBound(await context.users.setPhone(id, phone));
    },
  }),
);

builder.mutationField('unbindPhone', (t) =>
  t.field({
    type: UserType,
    description: "Erases the viewer's phone number, so that another user may have it.",
    nullable: true,
    authScopes: { signedIn: true },
    grantScopes: [SELF],
    resolve: async (_root, _args, context) => {
      const { id } = await requireViewer(context);
      return readBound(await context.users.setPhone(id, null));
    },
  }),
);

/** A code costs money when it is spent: what can't be one is refused before. */
function readPhoneCode(code: string): string {
  if (!CODE.test(code))
    throw fail(
      'BAD_USER_INPUT',
      'code is not one of getPhoneNumber: send `e.detail.code` as it is. It is missing when the person refused.',
    );
  return code;
}

export function readBound(user: User | 'PHONE_IN_USE' | null): User {
  if (user === 'PHONE_IN_USE')
    throw fail(
      'PHONE_IN_USE',
      'Another user of this mini program has this phone number. They must give it up (unbindPhone) before it can be bound here.',
    );
  if (!user) throw fail('UNAUTHENTICATED', 'The user no longer exists. Log in again.');
  return user;
}
