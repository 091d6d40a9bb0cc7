import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Keeps session_key unreadable in the database. */
export type SessionKeyCipher = {
  /** @param owner whose key it is; the sealed value opens for this owner only, so rows can't be swapped */
  seal(sessionKey: string, owner: string): string;
  /** Null when the value was sealed by a secret that is no longer configured, for another owner, or altered. */
  open(sealed: string, owner: string): string | null;
};

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a random 96-bit iv; a sealed value is `<key id>.<base64url of iv, tag, ciphertext>`.
 * @param secrets the first seals, all open: put a new one first to rotate
 */
export function createSessionKeyCipher(secrets: readonly [string, ...string[]]): SessionKeyCipher {
  const keys = new Map(
    secrets.map((secret) => [derive(secret, 'id', 6).toString('base64url'), derive(secret, 'key', 32)]),
  );
  const [current] = keys;
  if (!current) throw new TypeError('a session key cipher needs a secret');
  const [currentId, currentKey] = current;

  return {
    seal(sessionKey, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, currentKey, iv).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(sessionKey, 'utf8'), cipher.final()]);
      return `${currentId}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },
    open(sealed, owner) {
      const [id = '', body = ''] = sealed.split('.');
      const key = keys.get(id);
      const bytes = Buffer.from(body, 'base64url');
      if (!key || bytes.length <= IV_BYTES + TAG_BYTES) return null;
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        return (
          decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch {
        return null;
      }
    },
  };
}

function derive(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'weapp-login', `session_key ${purpose}`, bytes));
}
