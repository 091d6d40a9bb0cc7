import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
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
const ALGORITHM = 'HS256';

/** JWTs of RFC 7519: HS256, `kid` in the header, claims iss aud sub iat exp jti auth_time and `ver`, the token version. */
export const createTokens = ({
  keys,
  ttl,
  maxAge,
  audience,
  now = () => new Date(),
}: TokensOptions): Tokens => ({
  async issue({ id, appId, tokenVersion }, authTime = now()) {
    const issuedAt = toSeconds(now());
    const loggedInAt = toSeconds(authTime);
    const expiresAt = Math.min(issuedAt + ttl, loggedInAt + maxAge);
    const token = await new SignJWT({ ver: tokenVersion, auth_time: loggedInAt })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: keys.signing.kid })
      .setIssuer(ISSUER)
      .setAudience(appId)
      .setSubject(id)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .setJti(randomUUID())
      .sign(keys.signing.key);
    return { token, expiresAt: new Date(expiresAt * 1000) };
  },

  async verify(token) {
    const at = now();
    const options = {
      algorithms: [ALGORITHM],
      typ: 'JWT',
      issuer: ISSUER,
      audience: [...audience],
      requiredClaims: ['sub', 'iat', 'exp', 'jti', 'ver', 'auth_time'],
      currentDate: at,
    };
    try {
      const { payload } = await jwtVerify(token, ({ kid = '' }) => keyOf(keys, kid), options);
      const { sub, aud, ver, auth_time: loggedInAt } = payload;
      if (typeof sub !== 'string' || typeof aud !== 'string') return 'INVALID';
      if (typeof ver !== 'number' || typeof loggedInAt !== 'number') return 'INVALID';
      if (!(loggedInAt + maxAge > toSeconds(at))) return 'EXPIRED';
      return { id: sub, appId: aud, tokenVersion: ver, authTime: new Date(loggedInAt * 1000) };
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'EXPIRED' : 'INVALID';
    }
  },
});

const toSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

const keyOf = (keys: Keyring, kid: string): Keyring['signing']['key'] => {
  const key = keys.byKid(kid);
  if (!key) throw new errors.JWKSNoMatchingKey();
  return key;
};
