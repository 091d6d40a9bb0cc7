import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/**
 * What a phone gets from WeChat beside codes: AES-128-CBC with the session_key of the last wx.login.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export type Sealed = { encryptedData: string; iv: string };

export type SealedFault =
  /** Not base64, or not of whole blocks. */
  | 'MALFORMED'
  /** Encrypted with another key, or changed on the way. */
  | 'UNREADABLE'
  /** Its watermark names another mini program. */
  | 'FOREIGN'
  /** Its watermark is more than ten minutes old, or of the future. */
  | 'OLD'
  /** It holds something else than what was asked for. */
  | 'OTHER_KIND';

export type Opened<T> = { data: T; fault?: undefined } | { data?: undefined; fault: SealedFault };

export type SealOpener = {
  /**
   * Decrypts and checks what WeChat encrypted for a mini program. CBC has no tag against changes, so whatever
   * isn't exactly the kind that is asked for is refused.
   */
  open<T>(kind: z.ZodType<T>, sealed: Sealed, sessionKey: string, appId: string): Opened<T>;
};

const MAX_AGE_S = 600;
const CLOCK_SKEW_S = 300;

/** @param now milliseconds since 1970 */
export function createSealOpener(now: () => number = Date.now): SealOpener {
  return {
    open(kind, { encryptedData, iv }, sessionKey, appId) {
      const bytes = fromBase64(encryptedData);
      const start = fromBase64(iv);
      if (!bytes?.length || bytes.length % 16 > 0 || start?.length !== 16) return { fault: 'MALFORMED' };
      const json = decrypt(bytes, start, sessionKey);
      const { success, data: stamped } = watermarked.safeParse(json);
      if (!success) return { fault: 'UNREADABLE' };
      const { appid, timestamp } = stamped.watermark;
      if (appid !== appId) return { fault: 'FOREIGN' };
      const age = now() / 1000 - timestamp;
      if (age > MAX_AGE_S || age < -CLOCK_SKEW_S) return { fault: 'OLD' };
      const parsed = kind.safeParse(json);
      return parsed.success ? { data: parsed.data } : { fault: 'OTHER_KIND' };
    },
  };
}

const watermarked = z.object({ watermark: z.object({ appid: z.string(), timestamp: z.int() }) });

/** Undefined for all that is not the JSON of one who has the key. */
function decrypt(bytes: Buffer, iv: Buffer, sessionKey: string): unknown {
  try {
    const decipher = createDecipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv);
    const text = Buffer.concat([decipher.update(bytes), decipher.final()]);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    return undefined;
  }
}

/** Undefined unless it is base64 in its one canonical spelling. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Whether `signature` is hex(sha1(rawData + session_key)); takes the same time wherever it differs. */
export function isSignedBy(sessionKey: string, rawData: string, signature: string): boolean {
  return sameText(
    createHash('sha1')
      .update(rawData + sessionKey)
      .digest('hex'),
    signature.toLowerCase(),
  );
}

/** Compares two texts in a time that tells nothing of the first. */
export function sameText(expected: string, given: string): boolean {
  const [a, b] = [expected, given].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

const digits = z.string().regex(/^\d{4,14}$/);

/** `number` is E.164, such as +8613800000000; `countryCode` is its beginning without the plus. */
export type WeChatPhone = { number: string; countryCode: string };

/** `phoneNumber` has the country code for foreign numbers only; `countryCode` comes as a string or a number. */
export const phoneInfo = z
  .object({
    phoneNumber: z.string().regex(/^\+?\d{4,18}$/),
    purePhoneNumber: digits,
    countryCode: z
      .union([z.int().transform(String), z.string()])
      .pipe(z.string().regex(/^\+?[1-9]\d{0,3}$/))
      .transform((code) => code.replace('+', '')),
  })
  .refine(({ phoneNumber, purePhoneNumber }) => phoneNumber.endsWith(purePhoneNumber))
  .transform(
    ({ purePhoneNumber, countryCode }): WeChatPhone => ({
      number: `+${countryCode}${purePhoneNumber}`,
      countryCode,
    }),
  )
  .refine(({ number }) => number.length <= 16);

/** wx.getWeRunData: the steps of up to 31 days. `timestamp` is the beginning of the day in China, in seconds. */
export const runData = z
  .object({
    stepInfoList: z
      .array(z.object({ timestamp: z.int().min(0).max(99_999_999_999), step: z.int().min(0) }))
      .max(40),
  })
  .transform(({ stepInfoList }) =>
    stepInfoList.map(({ timestamp, step }) => ({ day: new Date(timestamp * 1000), steps: step })),
  );

const groupId = z.string().regex(/^[\w-]{16,128}$/);

/** wx.getShareInfo and wx.getGroupEnterInfo, which spell it in two ways: the group chat of a card. */
export const groupInfo = z.union([
  z.object({ openGId: groupId }).transform(({ openGId }) => ({ openGId })),
  z.object({ opengid: groupId }).transform(({ opengid }) => ({ openGId: opengid })),
]);
