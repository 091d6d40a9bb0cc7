import { createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../common/clock.ts';

/**
 * Data that WeChat encrypted with the session_key of the last wx.login: AES-128-CBC.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export type EncryptedData = { encryptedData: string; iv: string };

export type DecryptFault =
  /** Not base64, or not whole blocks. */
  | 'MALFORMED'
  /** Encrypted with another key, or modified. */
  | 'UNREADABLE'
  /** The watermark names another mini program. */
  | 'FOREIGN'
  /** The watermark is older than ten minutes, or in the future. */
  | 'EXPIRED'
  /** The content is of another kind than expected. */
  | 'OTHER_KIND';

export type Decrypted<T> = { data: T; fault?: undefined } | { data?: undefined; fault: DecryptFault };

export type DataDecryptor = {
  /**
   * Decrypts and validates. CBC does not authenticate, so only content that matches the schema exactly is accepted.
   * @param schema the expected content, from payloads.ts
   */
  decrypt<T>(schema: z.ZodType<T>, data: EncryptedData, sessionKey: string, appId: string): Decrypted<T>;
};

const MAX_AGE_S = 600;
const CLOCK_SKEW_S = 300;
const BLOCK_BYTES = 16;

export function createDataDecryptor(now: Clock = Date.now): DataDecryptor {
  return {
    decrypt(schema, { encryptedData, iv }, sessionKey, appId) {
      const ciphertext = decodeBase64(encryptedData);
      const ivBytes = decodeBase64(iv);
      if (!ciphertext?.length || ciphertext.length % BLOCK_BYTES > 0) return { fault: 'MALFORMED' };
      if (ivBytes?.length !== BLOCK_BYTES) return { fault: 'MALFORMED' };
      const json = decryptJson(ciphertext, ivBytes, sessionKey);
      const { success, data: content } = watermarked.safeParse(json);
      if (!success) return { fault: 'UNREADABLE' };
      const { appid, timestamp } = content.watermark;
      if (appid !== appId) return { fault: 'FOREIGN' };
      const ageSeconds = now() / 1000 - timestamp;
      if (ageSeconds > MAX_AGE_S || ageSeconds < -CLOCK_SKEW_S) return { fault: 'EXPIRED' };
      const parsed = schema.safeParse(json);
      return parsed.success ? { data: parsed.data } : { fault: 'OTHER_KIND' };
    },
  };
}

const watermarked = z.object({ watermark: z.object({ appid: z.string(), timestamp: z.int() }) });

/** Undefined if the key is wrong or the content is not JSON. */
function decryptJson(ciphertext: Buffer, iv: Buffer, sessionKey: string): unknown {
  try {
    const decipher = createDecipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv);
    const plaintext = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext));
  } catch {
    return undefined;
  }
}

/** Undefined unless the text is canonical base64, apart from line breaks. */
function decodeBase64(text: string): Buffer | undefined {
  const base64 = text.replace(/[\r\n]/g, '');
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}
