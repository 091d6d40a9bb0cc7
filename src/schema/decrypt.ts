import { type DailySteps, groupInfo, runData } from '../wechat/payloads.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { withErrors } from './descriptions.ts';
import { DECRYPT_ERRORS, decryptForViewer } from './encrypted-input.ts';

/** Mutations that decrypt data and store nothing. They are mutations because the data must not be in a URL. */
export function defineDecrypt(builder: Builder, { EncryptedInput }: CoreTypes): void {
  const DaySteps = builder.objectRef<DailySteps>('DaySteps').implement({
    description: 'The steps that WeRun counted on one day.',
    fields: (t) => ({
      date: t.expose('date', { type: 'Date', description: 'The day in China (UTC+8).' }),
      steps: t.exposeInt('steps', { description: 'Steps of the whole day; for today, so far.' }),
    }),
  });

  const DecryptRunDataPayload = builder.objectRef<{ days: DailySteps[] }>('DecryptRunDataPayload').implement({
    description: 'The days in the decrypted WeRun data.',
    fields: (t) => ({
      days: t.expose('days', { type: [DaySteps], description: 'Up to 31 days, oldest first.' }),
    }),
  });

  builder.mutationField('decryptRunData', (t) =>
    t.field({
      type: DecryptRunDataPayload,
      description: withErrors('Decrypts the steps from wx.getWeRunData. Stores nothing.', DECRYPT_ERRORS),
      args: {
        data: t.arg({ type: EncryptedInput, required: true, description: 'From wx.getWeRunData.' }),
      },
      authScopes: { signedIn: true },
      resolve: async (_root, { data }, context) => ({
        days: await decryptForViewer(runData, data, context),
      }),
    }),
  );

  const DecryptGroupIdPayload = builder.objectRef<{ openGId: string }>('DecryptGroupIdPayload').implement({
    description: 'The id in the decrypted data of a group chat.',
    fields: (t) => ({
      openGId: t.exposeID('openGId', {
        description:
          'The id of the group chat in this mini program. Client-supplied: not proof of membership.',
      }),
    }),
  });

  builder.mutationField('decryptGroupId', (t) =>
    t.field({
      type: DecryptGroupIdPayload,
      description: withErrors(
        'Decrypts the group chat from wx.getShareInfo or wx.getGroupEnterInfo. Stores nothing.',
        DECRYPT_ERRORS,
      ),
      args: {
        data: t.arg({
          type: EncryptedInput,
          required: true,
          description: 'From wx.getShareInfo or wx.getGroupEnterInfo.',
        }),
      },
      authScopes: { signedIn: true },
      resolve: (_root, { data }, context) => decryptForViewer(groupInfo, data, context),
    }),
  );
}
