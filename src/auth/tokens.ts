import { createHmac, type KeyObject, randomUUID, timingSafeEqual } from 'node:crypto';
import { compactVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Clock } from '../common/clock.ts';
import type { Keyring, TokenKey } from './keys.ts';

/** The user of a token. The token is valid while `tokenVersion` equals that of the user row. */
export type TokenSubject = { id: string; appId: string; tokenVersion: number };

/** The claims of a valid token; `authTime` is the last login with WeChat. */
export type Session = TokenSubject & {
  authTime: Date;
  /** Milliseconds since 1970 at which it expires, or reaches its maximum age. */
  validUntil: number;
};

export type TokenFault =
  | 'EXPIRED'
  /** Not signed by a key of ours, or for another issuer or audience. */
  | 'INVALID';

export type Tokens = {
  /**
   * Signs a token. It expires after `ttl`, and `maxAge` after the login at the latest.
   * @param authTime when the user logged in with WeChat: now, or that of the token to renew
   */
  issue(subject: TokenSubject, authTime?: Date): Promise<{ token: string; expiresAt: Date }>;
  /** Checks signature, issuer, audience and times, not whether the user still exists. */
  verify(token: string): Promise<Session | TokenFault>;
};

export type TokensOptions = {
  keys: Keyring;
  /** Seconds from issue to expiry. */
  ttl: number;
  /** Seconds after a login during which its tokens can be renewed. */
  maxAge: number;
  /** The AppIDs whose tokens are accepted. */
  audience: readonly string[];
  now?: Clock;
};

const ISSUER = 'weapp-login';
/** Seconds by which the clock of another replica may be ahead. */
const CLOCK_SKEW = 60;

const seconds = z.int().nonnegative();

/** No other member is accepted: no `jwk`, `jku`, `x5u`, `crit`, `b64` or `zip`. */
const headerSchema = z.strictObject({ alg: z.string(), typ: z.literal('JWT'), kid: z.string() });
const claimsSchema = z.strictObject({
  iss: z.literal(ISSUER),
  aud: z.string(),
  sub: z.uuid(),
  iat: seconds,
  exp: seconds,
  jti: z.string(),
  ver: seconds,
  auth_time: seconds,
});

/**
 * JWTs (RFC 7519) with `kid` in the header and the claims iss, aud (AppID), sub (user id), iat, exp, jti, auth_time
 * (OpenID Connect) and `ver`, the token version. The algorithm is that of the key, never that of the token header.
 */
export function createTokens({ keys, ttl, maxAge, audience, now = Date.now }: TokensOptions): Tokens {
  return {
    async issue({ id, appId, tokenVersion }, authTime = new Date(now())) {
      const issuedAt = toSeconds(now());
      const loggedInAt = toSeconds(authTime.getTime());
      const expiresAt = Math.min(issuedAt + ttl, loggedInAt + maxAge);
      const token = await sign(keys.signing, {
        ver: tokenVersion,
        auth_time: loggedInAt,
        iss: ISSUER,
        aud: appId,
        sub: id,
        iat: issuedAt,
        exp: expiresAt,
        jti: randomUUID(),
      });
      return { token, expiresAt: new Date(expiresAt * 1000) };
    },

    async verify(token) {
      const claims = await readSigned(token, keys);
      if (!claims || !audience.includes(claims.aud)) return 'INVALID';
      const { sub, aud, ver, iat, exp, auth_time: loggedInAt } = claims;
      const at = toSeconds(now());
      if (iat > at + CLOCK_SKEW || loggedInAt > iat) return 'INVALID';
      const validUntil = Math.min(exp, loggedInAt + maxAge);
      if (validUntil <= at) return 'EXPIRED';
      return {
        ...{ id: sub, appId: aud, tokenVersion: ver, authTime: new Date(loggedInAt * 1000) },
        validUntil: validUntil * 1000,
      };
    },
  };
}

/**
 * The claims of a token that one of the keys signed. It must be encoded exactly as we encode it: no padding, no spare
 * base64 bits, no white space, no duplicate members. So a token has exactly one valid encoding.
 */
async function readSigned(token: string, keys: Keyring): Promise<z.infer<typeof claimsSchema> | undefined> {
  const [headerPart = '', claimsPart = '', signature = '', ...more] = token.split('.');
  const header = headerSchema.safeParse(parseCanonical(headerPart));
  if (!header.success || more.length > 0 || encode(decode(signature)) !== signature) return undefined;
  const key = keys.byKid(header.data.kid);
  if (key?.alg !== header.data.alg || !(await isSignedBy(key, token, signature))) return undefined;
  return claimsSchema.safeParse(parseCanonical(claimsPart)).data;
}

/** HS256 by node:crypto: see `sign`. */
async function isSignedBy({ alg, key }: TokenKey, token: string, signature: string): Promise<boolean> {
  if (alg === 'HS256') return hasHmac(key, token.slice(0, -signature.length - 1), decode(signature));
  try {
    await compactVerify(token, key, { algorithms: [alg] });
    return true;
  } catch {
    return false;
  }
}

/** HS256 by node:crypto: jose takes ten times as long, because WebCrypto signs in another thread. */
async function sign({ alg, kid, key }: TokenKey, claims: z.infer<typeof claimsSchema>): Promise<string> {
  const header = { alg, typ: 'JWT', kid };
  if (alg !== 'HS256') return new SignJWT(claims).setProtectedHeader(header).sign(key);
  const content = `${encodeJson(header)}.${encodeJson(claims)}`;
  return `${content}.${encode(hmac(key, content))}`;
}

function hasHmac(key: KeyObject, content: string, expected: Buffer): boolean {
  const actual = hmac(key, content);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function hmac(key: KeyObject, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest();
}

function encodeJson(value: object): string {
  return encode(Buffer.from(JSON.stringify(value)));
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** Undefined unless the JSON is encoded as we encode it. */
function parseCanonical(part: string): unknown {
  try {
    const value: unknown = JSON.parse(decode(part).toString('utf8'));
    return encode(Buffer.from(JSON.stringify(value))) === part ? value : undefined;
  } catch {
    return undefined;
  }
}

function decode(part: string): Buffer {
  return Buffer.from(part, 'base64url');
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64url');
}
