import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Keyring } from './keys.ts';

/** Whom a token is for. A token dies when the stored version of its user moves on. */
export type TokenSubject = { id: string; appId: string; tokenVersion: number };

/** What a good token says: whom it is for, and when that person last logged in with WeChat. */
export type Session = TokenSubject & { authTime: Date };

export type TokenFault = 'EXPIRED' | 'INVALID';

export type Tokens = {
  /**
   * @param authTime when the person logged in: now at a login, that of the old token at a renewal. No token lives
   * beyond the greatest age of its session, counted from there.
   */
  issue(subject: TokenSubject, authTime?: Date): Promise<{ token: string; expiresAt: Date }>;
  /** Checks signature, issuer, audience and times; whether the user still exists is not asked here. */
  verify(token: string): Promise<Session | TokenFault>;
};

export type TokensOptions = {
  keys: Keyring;
  /** Seconds that a token lives. */
  ttl: number;
  /** Seconds after a login in which its tokens can be renewed. */
  maxAge: number;
  /** The AppIDs whose tokens are taken. */
  audience: readonly string[];
  now?: () => Date;
};

const ISSUER = 'weapp-login';
/** Seconds by which the clock of the replica that issued a token may be ahead of ours. */
const CLOCK_SKEW = 60;

const seconds = z.int().nonnegative();

/** Our tokens have these and nothing else: no `jwk`, `jku`, `x5u`, `crit`, `b64` or `zip` to be led astray by. */
const ourHeader = z.strictObject({ alg: z.string(), typ: z.literal('JWT'), kid: z.string() });
const ourClaims = z.strictObject({
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
 * JWTs of RFC 7519: `kid` in the header, claims iss aud sub iat exp jti auth_time (as OpenID Connect has it) and
 * `ver`, the token version. The algorithm is that of the key, never that which a token asks for.
 */
export function createTokens({ keys, ttl, maxAge, audience, now = () => new Date() }: TokensOptions): Tokens {
  return {
    async issue({ id, appId, tokenVersion }, authTime = now()) {
      const { alg, kid, key } = keys.signing;
      const issuedAt = toSeconds(now());
      const loggedInAt = toSeconds(authTime);
      const expiresAt = Math.min(issuedAt + ttl, loggedInAt + maxAge);
      const token = await new SignJWT({ ver: tokenVersion, auth_time: loggedInAt })
        .setProtectedHeader({ alg, typ: 'JWT', kid })
        .setIssuer(ISSUER)
        .setAudience(appId)
        .setSubject(id)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .setJti(randomUUID())
        .sign(key);
      return { token, expiresAt: new Date(expiresAt * 1000) };
    },

    async verify(token) {
      if (!isCanonical(token)) return 'INVALID';
      const at = now();
      const options = { issuer: ISSUER, audience: [...audience], typ: 'JWT', currentDate: at };
      try {
        const { payload } = await jwtVerify(token, (header: unknown) => keyFor(header, keys), options);
        const claims = ourClaims.safeParse(payload);
        if (!claims.success) return 'INVALID';
        const { sub, aud, ver, iat, auth_time: loggedInAt } = claims.data;
        if (iat > toSeconds(at) + CLOCK_SKEW || loggedInAt > iat) return 'INVALID';
        if (loggedInAt + maxAge <= toSeconds(at)) return 'EXPIRED';
        return { id: sub, appId: aud, tokenVersion: ver, authTime: new Date(loggedInAt * 1000) };
      } catch (error) {
        return error instanceof errors.JWTExpired ? 'EXPIRED' : 'INVALID';
      }
    },
  };
}

function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** @throws {errors.JWKSNoMatchingKey} also when the key serves another algorithm than the header says */
function keyFor(header: unknown, keys: Keyring) {
  const { alg, kid } = ourHeader.parse(header);
  const found = keys.byKid(kid);
  if (found?.alg !== alg) throw new errors.JWKSNoMatchingKey();
  return found.key;
}

/**
 * True when header and claims are spelt as we spell them. One token then has one text: no padding, no spare bits
 * in base64, no white space, no member twice.
 */
function isCanonical(token: string): boolean {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return [header, claims].every(isOurJson) && encode(decode(signature)) === signature;
}

function isOurJson(part: string): boolean {
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
