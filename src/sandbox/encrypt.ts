import { createCipheriv, createHash } from 'node:crypto';

/** Data encrypted with a session_key, both in base64. */
export type EncryptedData = { encryptedData: string; iv: string };

/**
 * Encrypts data for a mini program: AES-128-CBC with PKCS#7.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export function encrypt(data: Record<string, unknown>, sessionKey: string, iv: Buffer): EncryptedData {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv);
  const bytes = Buffer.concat([cipher.update(JSON.stringify(data), 'utf8'), cipher.final()]);
  return { encryptedData: bytes.toString('base64'), iv: iv.toString('base64') };
}

/** The `signature` of wx.getUserProfile. */
export function signRawData(rawData: string, sessionKey: string): string {
  return sha1(rawData + sessionKey);
}

/** The `signature` or `msg_signature` of a push. */
export function signPush(...parts: string[]): string {
  return sha1(parts.sort().join(''));
}

/** Encrypts a push for secure mode: AES-256-CBC of 16 random bytes, length, text and AppID, padded to 32 bytes. */
export function encryptPush(text: string, appId: string, aesKey: string, random: Buffer): string {
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
