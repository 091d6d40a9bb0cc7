import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Encrypts session_key at rest. */
export type SessionKeyCipher = {
  /** @param owner authenticated with the ciphertext, so that rows cannot be swapped */
  encrypt(sessionKey: string, owner: string): string;
  /** Null if the secret is no longer configured, the owner is another, or the value was modified. */
  decrypt(encrypted: string, owner: string): string | null;
};

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const IVS_AT_ONCE = 256;

/**
 * AES-256-GCM with a random 96-bit iv; the value is `<key id>.<base64url of iv, tag, ciphertext>`.
 * @param secrets the first encrypts, all decrypt: to rotate, put a new one first
 */
export function createSessionKeyCipher(secrets: readonly [string, ...string[]]): SessionKeyCipher {
  const keys = new Map(secrets.map(deriveKey));
  const [currentId, currentKey] = deriveKey(secrets[0]);
  const nextIv = createIvSource();

  return {
    encrypt(sessionKey, owner) {
      const iv = nextIv();
      const cipher = createCipheriv(ALGORITHM, currentKey, iv).setAAD(Buffer.from(owner));
      const ciphertext = Buffer.concat([cipher.update(sessionKey, 'utf8'), cipher.final()]);
      return `${currentId}.${Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url')}`;
    },
    decrypt(encrypted, owner) {
      const [id = '', body = ''] = encrypted.split('.');
      const key = keys.get(id);
      const bytes = Buffer.from(body, 'base64url');
      if (!key || bytes.length <= IV_BYTES + TAG_BYTES) return null;
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        const ciphertext = bytes.subarray(IV_BYTES + TAG_BYTES);
        return decipher.update(ciphertext, undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return null;
      }
    },
  };
}

function deriveKey(secret: string): [id: string, key: Buffer] {
  return [deriveBytes(secret, 'id', 6).toString('base64url'), deriveBytes(secret, 'key', 32)];
}

/** Random bytes cost less if many are taken at once; each is used once. */
function createIvSource(): () => Buffer {
  let bytes = Buffer.alloc(0);
  return () => {
    if (bytes.length === 0) bytes = randomBytes(IV_BYTES * IVS_AT_ONCE);
    const iv = bytes.subarray(0, IV_BYTES);
    bytes = bytes.subarray(IV_BYTES);
    return iv;
  };
}

function deriveBytes(secret: string, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'weapp-login', `session_key ${purpose}`, length));
}
