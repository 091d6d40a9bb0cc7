import { createHmac, type KeyObject, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
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

export type TokenFault = 'EXPIRED' | 'INVALID';

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
      if (!isCanonical(token)) return 'INVALID';
      const at = now();
      const options = { issuer: ISSUER, audience: [...audience], typ: 'JWT', currentDate: new Date(at) };
      try {
        const { payload } = await jwtVerify(token, (header: unknown) => keyFor(header, keys), options);
        const claims = claimsSchema.safeParse(payload);
        if (!claims.success) return 'INVALID';
        const { sub, aud, ver, iat, exp, auth_time: loggedInAt } = claims.data;
        if (iat > toSeconds(at) + CLOCK_SKEW || loggedInAt > iat) return 'INVALID';
        if (loggedInAt + maxAge <= toSeconds(at)) return 'EXPIRED';
        return {
          ...{ id: sub, appId: aud, tokenVersion: ver, authTime: new Date(loggedInAt * 1000) },
          validUntil: Math.min(exp, loggedInAt + maxAge) * 1000,
        };
      } catch (error) {
        return error instanceof errors.JWTExpired ? 'EXPIRED' : 'INVALID';
      }
    },
  };
}

/** HS256 by node:crypto: jose takes ten times as long, because WebCrypto signs in another thread. */
async function sign({ alg, kid, key }: TokenKey, claims: z.infer<typeof claimsSchema>): Promise<string> {
  const header = { alg, typ: 'JWT', kid };
  if (alg !== 'HS256') return new SignJWT(claims).setProtectedHeader(header).sign(key);
  return signHmac(key, `${encodeJson(header)}.${encodeJson(claims)}`);
}

function signHmac(key: KeyObject, content: string): string {
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}

function encodeJson(value: object): string {
  return encode(Buffer.from(JSON.stringify(value)));
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** @throws {errors.JWKSNoMatchingKey} also when the key is for another algorithm than the header says */
function keyFor(header: unknown, keys: Keyring) {
  const { alg, kid } = headerSchema.parse(header);
  const found = keys.byKid(kid);
  if (found?.alg !== alg) throw new errors.JWKSNoMatchingKey();
  return found.key;
}

/**
 * Whether the token is encoded exactly as we encode it: no padding, no spare base64 bits, no white space, no duplicate
 * members. So a token has exactly one valid encoding.
 */
function isCanonical(token: string): boolean {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return [header, claims].every(isCanonicalJson) && encode(decode(signature)) === signature;
}

function isCanonicalJson(part: string): boolean {
  const text = decode(part).toString('utf8');
  try {
    return encode(Buffer.from(JSON.stringify(JSON.parse(text)))) === part;
  } catch {
    return false;
  }
}

function decode(part: string): Buffer {
  return Buffer.from(part, 'base64url');
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64url');
}
