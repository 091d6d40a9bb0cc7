import { createCipheriv, createHash } from 'node:crypto';

/** What a phone gets from WeChat beside codes: text encrypted and signed with the session_key of the moment. */
export type Sealed = { encryptedData: string; iv: string };

/**
 * AES-128-CBC with PKCS#7, as WeChat does it.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export function seal(data: Record<string, unknown>, sessionKey: string, iv: Buffer): Sealed {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv);
  const bytes = Buffer.concat([cipher.update(JSON.stringify(data), 'utf8'), cipher.final()]);
  return { encryptedData: bytes.toString('base64'), iv: iv.toString('base64') };
}

export function sign(rawData: string, sessionKey: string): string {
  return sha1(rawData + sessionKey);
}

/** `signature` and `msg_signature` of a push. */
export function signPush(...parts: string[]): string {
  return sha1(parts.sort().join(''));
}

/** Secure mode: AES-256-CBC over 16 random bytes, the length, the text and the AppID, padded to 32 bytes. */
export function sealPush(text: string, appId: string, aesKey: string, random: Buffer): string {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const message = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const plain = Buffer.concat([random, length, message, Buffer.from(appId)]);
  const padding = 32 - (plain.length % 32);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([
    cipher.update(Buffer.concat([plain, Buffer.alloc(padding, padding)])),
    cipher.final(),
  ]).toString('base64');
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
