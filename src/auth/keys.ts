import { createHmac, webcrypto } from 'node:crypto';

type Key = webcrypto.CryptoKey;

/** The HMAC keys of tokens by their `kid`; the first signs, all verify. */
export type Keyring = { signing: { kid: string; key: Key }; byKid(kid: string): Key | undefined };

/** @param secrets each of 32 bytes or more, the current one first */
export const createKeyring = async (secrets: readonly [string, ...string[]]): Promise<Keyring> => {
  const [first, ...older] = secrets;
  const signing = await readKey(first);
  const keys = new Map(
    [signing, ...(await Promise.all(older.map(readKey)))].map(({ kid, key }) => [kid, key]),
  );
  return { signing, byKid: (kid) => keys.get(kid) };
};

const readKey = async (secret: string) => ({
  kid: kidOf(secret),
  key: await webcrypto.subtle.importKey(
    'raw',
    Buffer.from(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  ),
});

/** Names a secret without telling anything of it. */
const kidOf = (secret: string): string =>
  createHmac('sha256', secret).update('weapp-login kid').digest('base64url').slice(0, 12);
