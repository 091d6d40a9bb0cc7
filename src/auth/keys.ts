import { createHmac, createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** Each key is used with one algorithm only, whatever the token header says. */
export type TokenAlgorithm = 'HS256' | 'EdDSA' | 'RS256';

export type TokenKey = { kid: string; alg: TokenAlgorithm; key: KeyObject };

/** The token keys by `kid`. */
export type Keyring = {
  signing: TokenKey;
  byKid(kid: string): TokenKey | undefined;
  /** Public keys for services that verify our tokens (RFC 7517); empty if all keys are secrets. */
  jwks: { keys: readonly JWK[] };
};

/** What tokens are signed and verified with, the current one first in each list. */
export type TokenKeys = {
  /** HMAC secrets of at least 32 bytes. */
  secrets: readonly string[];
  /** Ed25519 keys, or RSA keys of at least 2048 bits. If there is one, it signs and the secrets only verify. */
  privateKeys: readonly KeyObject[];
};

/** @throws {TypeError} when there is no key */
export async function createKeyring({ secrets, privateKeys }: TokenKeys): Promise<Keyring> {
  const pairs = await Promise.all(privateKeys.map(createKeyPair));
  const hmacKeys = secrets.map(createHmacKey);
  const [signing] = [...pairs.map((pair) => pair.signing), ...hmacKeys];
  if (!signing) throw new TypeError('a keyring needs at least one key');
  const keys = new Map([...hmacKeys, ...pairs.map((pair) => pair.verification)].map((key) => [key.kid, key]));
  return {
    signing,
    byKid: (kid) => keys.get(kid),
    jwks: { keys: pairs.map(({ jwk }) => jwk) },
  };
}

function createHmacKey(secret: string): TokenKey {
  return { kid: secretKid(secret), alg: 'HS256', key: createSecretKey(Buffer.from(secret)) };
}

async function createKeyPair(privateKey: KeyObject) {
  const alg = privateKey.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'RS256';
  const publicKey = createPublicKey(privateKey);
  const jwk: JWK = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(jwk);
  const signing: TokenKey = { kid, alg, key: privateKey };
  const verification: TokenKey = { kid, alg, key: publicKey };
  return { signing, verification, jwk: { ...jwk, kid, alg, use: 'sig' } };
}

/** Identifies a secret without revealing it. */
function secretKid(secret: string): string {
  return createHmac('sha256', secret).update('weapp-login kid').digest('base64url').slice(0, 12);
}

const MIN_RSA_BITS = 2048;
const PEM = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----[^-]+-----END \1-----/g;

/**
 * Parses concatenated PEM private keys; `\n` stands for a line end in a one-line text.
 * @throws {TypeError} naming what is wrong, without quoting the text
 */
export function parsePrivateKeys(text: string): KeyObject[] {
  const blocks = text.replaceAll('\\n', '\n').match(PEM) ?? [];
  if (blocks.length === 0) throw new TypeError('contains no PEM private key');
  return blocks.map((pem) => {
    const key = parsePem(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
    if (key.asymmetricKeyType !== 'rsa') throw new TypeError('has a key that is neither Ed25519 nor RSA');
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
      throw new TypeError(`has an RSA key of fewer than ${MIN_RSA_BITS} bits`);
    return key;
  });
}

function parsePem(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TypeError('contains a damaged PEM');
  }
}
