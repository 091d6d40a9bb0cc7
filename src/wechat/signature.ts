import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether `signature` is hex(sha1(rawData + session_key)).
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export function isRawDataSignature(signature: string, rawData: string, sessionKey: string): boolean {
  const expected = createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex');
  return isEqualText(expected, signature.toLowerCase());
}

/**
 * The signature of a push: hex(sha1) over the sorted parts.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
 */
export function pushSignature(...parts: string[]): string {
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

/**
 * Proves knowledge of a session_key without sending it. The HMAC key is the base64 text.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/backend-auth.html
 * @param body of the request; empty for GET
 */
export function sessionKeyProof(sessionKey: string, body = ''): string {
  return createHmac('sha256', sessionKey).update(body).digest('hex');
}

/** Compares in constant time. */
export function isEqualText(expected: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
