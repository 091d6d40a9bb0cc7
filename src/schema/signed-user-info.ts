import type { InputRef } from '@pothos/core';
import { z } from 'zod';
import { clientError } from '../errors/client-error.ts';
import { isRawDataSignature } from '../wechat/signature.ts';
import type { Builder } from './builder.ts';
import type { UncheckedUserInfo } from './user-info.ts';

type SignedUserInfo = { rawData: string; signature: string };

const MAX_RAW_DATA_CHARS = 8192;
const SHA1_HEX = /^[\da-f]{40}$/i;
export function defineSignedUserInfoInput(builder: Builder): InputRef<SignedUserInfo> {
  return builder.inputType('SignedUserInfoInput', {
    description: 'A profile that WeChat signed with the session_key, from wx.getUserProfile.',
    fields: (t) => ({
      rawData: t.string({
        required: true,
        description: '`res.rawData`, unchanged; at most 8192 characters.',
      }),
      signature: t.string({ required: true, description: '`res.signature`.' }),
    }),
  });
}

export type ParsedUserInfo = {
  /** Its fields can have any type. */
  userInfo: UncheckedUserInfo;
  /** @throws WECHAT_SESSION_STALE unless it was signed with this session_key */
  verify(sessionKey: string): void;
};

/**
 * Parses signed user info, before the code is used. Its signature can be verified only after that.
 * @throws BAD_USER_INPUT
 */
export function readSignedUserInfo(signed: SignedUserInfo | null | undefined): ParsedUserInfo | null {
  const { rawData, signature } = signed ?? { rawData: '', signature: '' };
  if (rawData === '' && signature === '') return null;
  if (!SHA1_HEX.test(signature))
    throw clientError(
      'BAD_USER_INPUT',
      'signedUserInfo.signature is not 40 hexadecimal digits: send `res.signature` of wx.getUserProfile.',
    );
  return {
    userInfo: parseRawData(rawData),
    verify(sessionKey) {
      if (isRawDataSignature(signature, rawData, sessionKey)) return;
      throw clientError(
        'WECHAT_SESSION_STALE',
        'The signature does not match rawData and the session_key of this login: rawData was changed, or wx.login was called after wx.getUserProfile. Call wx.login, then wx.getUserProfile, then login, in this order.',
      );
    },
  };
}

/** Real nicknames have control characters, which make JSON invalid unless they are escaped. */
function parseRawData(rawData: string): UncheckedUserInfo {
  if (rawData.length > MAX_RAW_DATA_CHARS)
    throw clientError(
      'BAD_USER_INPUT',
      `signedUserInfo.rawData is too long: at most ${MAX_RAW_DATA_CHARS} characters.`,
    );
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(rawData.replace(/\p{Cc}/gu, '')));
  } catch {
    throw clientError(
      'BAD_USER_INPUT',
      'signedUserInfo.rawData is not a JSON object: send `res.rawData` of wx.getUserProfile unchanged.',
    );
  }
}
