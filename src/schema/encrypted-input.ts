import type { InputRef } from '@pothos/core';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { clientError } from '../errors/client-error.ts';
import type { DecryptFault, EncryptedData } from '../wechat/encrypted-data.ts';
import { describeWeChatError, WeChatError } from '../wechat/wechat-error.ts';
import { readApp } from './arguments.ts';
import type { Builder } from './builder.ts';
import { SIGNED_IN_ERRORS } from './descriptions.ts';
import { requireViewer } from './guards.ts';

export const DECRYPT_ERRORS = [...SIGNED_IN_ERRORS, 'BAD_USER_INPUT', 'WECHAT_SESSION_STALE'] as const;

export function defineEncryptedInput(builder: Builder): InputRef<EncryptedData> {
  return builder.inputType('EncryptedInput', {
    description:
      'Data that WeChat encrypted with the session_key of the last login. Call wx.login, then login, then the function that returns the data. Do not call wx.login between: it changes the session_key.',
    fields: (t) => ({
      encryptedData: t.string({ required: true, description: '`res.encryptedData`, unchanged.' }),
      iv: t.string({ required: true, description: '`res.iv`, unchanged.' }),
    }),
  });
}

/**
 * Decrypts data with the viewer's session_key.
 * @param schema the expected content
 * @throws WECHAT_SESSION_STALE, BAD_USER_INPUT
 */
export async function decryptForViewer<T>(
  schema: z.ZodType<T>,
  encrypted: EncryptedData,
  context: Context,
): Promise<T> {
  const { id, appId } = await requireViewer(context);
  const sessionKey = await context.users.sessionKey(id);
  if (sessionKey === null) throw clientError('WECHAT_SESSION_STALE', STALE_SESSION_KEY);
  const { data, fault } = context.decryptor.decrypt(schema, encrypted, sessionKey, appId);
  if (fault === undefined) return data;
  if (fault === 'UNREADABLE') throw await unreadableError(context, sessionKey);
  throw clientError('BAD_USER_INPUT', FAULT_MESSAGES[fault]);
}

/** If WeChat says that our session_key is current, another login does not help. */
async function unreadableError(context: Context, sessionKey: string) {
  const isCurrent = await isCurrentSessionKey(context, sessionKey);
  return isCurrent
    ? clientError('BAD_USER_INPUT', OLDER_SESSION_KEY)
    : clientError('WECHAT_SESSION_STALE', STALE_SESSION_KEY);
}

/** Asks WeChat at most once in ten seconds for each session_key. If WeChat fails, assumes that it is not current. */
async function isCurrentSessionKey(context: Context, sessionKey: string): Promise<boolean> {
  const { appId, openId } = await requireViewer(context);
  const app = readApp(context.apps, appId);
  return context.repeats.sessionChecks.run([appId, openId, sessionKey], async () => {
    try {
      return await context.wechat.checkSession(app, { openId, sessionKey });
    } catch (error) {
      if (!(error instanceof WeChatError)) throw error;
      context.log.warn(describeWeChatError(error), error.message);
      return false;
    }
  });
}

const STALE_SESSION_KEY =
  'The data was encrypted with a session_key other than that of the last login: wx.login was called since, or on another device. Call wx.login, then login, then get the data again from WeChat, in this order.';
const OLDER_SESSION_KEY =
  'The data was encrypted before the last wx.login, or was modified. The login is valid: get the data again from WeChat and send it, without calling wx.login between.';

const FAULT_MESSAGES: Record<Exclude<DecryptFault, 'UNREADABLE'>, string> = {
  MALFORMED: 'encryptedData or iv is not base64 of the expected length: send both unchanged.',
  FOREIGN: 'The data was encrypted for a mini program other than that of the token.',
  EXPIRED: 'The data is older than 10 minutes: get it again from WeChat and send it at once.',
  OTHER_KIND:
    'The data was decrypted but is of another kind: use the mutation for the function that returned it.',
};
