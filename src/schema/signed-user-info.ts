import { z } from 'zod';
import { fail } from '../errors/codes.ts';
import { isSignedBy } from '../wechat/encrypted-data.ts';

const MAX_CHARS = 8192;
const text = z.string().nullish();

/** The `userInfo` in a rawData; what else WeChat puts there is left out. */
const userInfo = z.object({
  nickName: text,
  avatarUrl: text,
  gender: z.int().nullish(),
  country: text,
  province: text,
  city: text,
  language: text,
  is_demote: z.union([z.boolean(), z.stringbool()]).optional(),
});

export type SignedUserInfo = {
  userInfo: z.infer<typeof userInfo>;
  /** @throws WECHAT_SESSION_STALE unless WeChat signed it with this session_key */
  check(sessionKey: string): void;
};

/**
 * Reads what wx.getUserProfile answers beside userInfo, before the code is spent. Null where it isn't sent.
 * @throws BAD_USER_INPUT
 */
export function readSigned(
  rawData: string | null | undefined,
  signature: string | null | undefined,
): SignedUserInfo | null {
  if (!rawData && !signature) return null;
  if (!rawData || !signature || !/^[\da-f]{40}$/i.test(signature))
    throw fail(
      'BAD_USER_INPUT',
      'rawData and signature belong together: send both as wx.getUserProfile gave them, or neither.',
    );
  return {
    userInfo: parse(rawData),
    check(sessionKey) {
      if (isSignedBy(sessionKey, rawData, signature)) return;
      throw fail(
        'WECHAT_SESSION_STALE',
        'signature does not fit rawData and the session_key of this login: rawData was changed, or wx.login was called after wx.getUserProfile. Call wx.login, then wx.getUserProfile, then login, in this order.',
      );
    },
  };
}

function parse(rawData: string): z.infer<typeof userInfo> {
  if (rawData.length > MAX_CHARS) throw fail('BAD_USER_INPUT', 'rawData is too long to be a userInfo.');
  try {
    return userInfo.parse(JSON.parse(rawData));
  } catch {
    throw fail(
      'BAD_USER_INPUT',
      'rawData is not the JSON of a userInfo: send the text as wx.getUserProfile gave it.',
    );
  }
}
