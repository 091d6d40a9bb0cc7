import { createHmac, createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** What tokens may be signed with; each key serves one algorithm, whatever the header of a token says. */
export type TokenAlgorithm = 'HS256' | 'EdDSA' | 'RS256';

export type VerificationKey = { kid: string; alg: TokenAlgorithm; key: KeyObject };

/** The keys of tokens by their `kid`: one signs, all verify. */
export type Keyring = {
  signing: VerificationKey;
  byKid(kid: string): VerificationKey | undefined;
  /** The public keys, for others who verify our tokens (RFC 7517); empty where all keys are secrets. */
  jwks: { keys: readonly JWK[] };
};

/** What tokens are signed with, the current one first in each list. */
export type TokenKeys = {
  /** HMAC secrets, each of 32 bytes or more. */
  secrets: readonly string[];
  /** Ed25519 or RSA keys of 2048 bits or more. Where there is one, it signs and the secrets only verify. */
  privateKeys: readonly KeyObject[];
};

/** @throws {TypeError} when there is no key at all */
export async function createKeyring({ secrets, privateKeys }: TokenKeys): Promise<Keyring> {
  const pairs = await Promise.all(privateKeys.map(readPair));
  const hmac = secrets.map(readSecret);
  const [signing] = [...pairs.map(({ signing }) => signing), ...hmac];
  if (!signing) throw new TypeError('a keyring needs a key');
  const keys = new Map(
    [...hmac, ...pairs.map(({ verification }) => verification)].map((key) => [key.kid, key]),
  );
  return {
    signing,
    byKid: (kid) => keys.get(kid),
    jwks: { keys: pairs.map(({ jwk }) => jwk) },
  };
}

function readSecret(secret: string): VerificationKey {
  return {
    kid: kidOf(secret),
    alg: 'HS256',
    key: createSecretKey(Buffer.from(secret)),
  };
}

async function readPair(privateKey: KeyObject) {
  const alg = privateKey.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'RS256';
  const publicKey = createPublicKey(privateKey);
  const jwk: JWK = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(jwk);
  const signing: VerificationKey = { kid, alg, key: privateKey };
  const verification: VerificationKey = { kid, alg, key: publicKey };
  return { signing, verification, jwk: { ...jwk, kid, alg, use: 'sig' } };
}

/** Names a secret without telling anything of it. */
function kidOf(secret: string): string {
  return createHmac('sha256', secret).update('weapp-login kid').digest('base64url').slice(0, 12);
}

const MIN_RSA_BITS = 2048;

/**
 * Reads the private keys of a text: one PEM after another, `\n` for line ends where the text is one line.
 * @throws {TypeError} saying what is wrong, without quoting any of it
 */
export function readPrivateKeys(text: string): KeyObject[] {
  const blocks = text.replaceAll('\\n', '\n').match(PEM) ?? [];
  if (blocks.length === 0) throw new TypeError('holds no PEM');
  return blocks.map((pem) => {
    const key = parse(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
    if (key.asymmetricKeyType !== 'rsa') throw new TypeError('is of a kind that tokens are not signed with');
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
      throw new TypeError(`has fewer than ${MIN_RSA_BITS} bits`);
    return key;
  });
}

const PEM = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----[^-]+-----END \1-----/g;

function parse(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TypeError('holds a PEM that is damaged');
  }
}
