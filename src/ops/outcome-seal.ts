import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Authenticates outcomes of logins in a store: a made-up outcome would log in as any user. */
export type OutcomeSeal = {
  /** @param key of the outcome, so that it is not valid for another */
  close(key: string, json: string): string;
  /** The JSON; null if it was not closed with one of the secrets, for this key. */
  open(key: string, text: string): string | null;
};

const KEY_BYTES = 32;
/** Of base64url. */
const TAG_CHARS = 43;

/** @param secrets the first closes, all open */
export function createOutcomeSeal(secrets: readonly [string, ...string[]]): OutcomeSeal {
  const keys = secrets.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'weapp-login outcome', KEY_BYTES)),
  );
  const tagOf = (secretKey: Buffer, key: string, json: string) =>
    createHmac('sha256', secretKey).update(`${key}\0${json}`).digest();
  return {
    close: (key, json) => `${tagOf(keys[0] ?? Buffer.alloc(0), key, json).toString('base64url')}${json}`,
    open(key, text) {
      const tag = Buffer.from(text.slice(0, TAG_CHARS), 'base64url');
      const json = text.slice(TAG_CHARS);
      const isClosed = keys.some((secretKey) => {
        const expected = tagOf(secretKey, key, json);
        return tag.length === expected.length && timingSafeEqual(tag, expected);
      });
      return isClosed ? json : null;
    },
  };
}
