import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Recognizes disabled users whose data was erased, without any data of theirs. */
export type TombstoneIds = {
  /** The id of a new tombstone. */
  current(appId: string, openId: string): string;
  /** The ids that a tombstone of this user may have: one for each secret. */
  all(appId: string, openId: string): string[];
};

/**
 * HMAC-SHA256 of AppID and openid, so that nobody without the secret can find out whose a tombstone is.
 * @param secrets the first is for new tombstones, all are recognized
 */
export function createTombstoneIds(secrets: readonly [string, ...string[]]): TombstoneIds {
  const [first, ...others] = secrets;
  const current = createSecretKey(Buffer.from(first));
  const keys = [current, ...others.map((secret) => createSecretKey(Buffer.from(secret)))];
  const idWith = (key: KeyObject, appId: string, openId: string) =>
    createHmac('sha256', key).update(`weapp-login tombstone\0${appId}\0${openId}`).digest('hex');
  return {
    current: (appId, openId) => idWith(current, appId, openId),
    all: (appId, openId) => keys.map((key) => idWith(key, appId, openId)),
  };
}
