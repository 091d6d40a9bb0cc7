import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Keyring } from './keys.ts';

/** Whom a token is for. A token dies when the stored version of its user moves on. */
export type TokenSubject = { id: string; appId: string; tokenVersion: number };

export type TokenFault = 'EXPIRED' | 'INVALID';

export type Tokens = {
  issue(subject: TokenSubject): Promise<{ token: string; expiresAt: Date }>;
  /** Checks signature, issuer, audience and times; whether the user still exists is not asked here. */
  verify(token: string): Promise<TokenSubject | TokenFault>;
};

export type TokensOptions = {
  keys: Keyring;
  /** Seconds that a token lives. */
  ttl: number;
  /** The AppIDs whose tokens are taken. */
  audience: readonly string[];
  now?: () => Date;
};

const ISSUER = 'weapp-login';
const ALGORITHM = 'HS256';

/** JWTs of RFC 7519: HS256, `kid` in the header, claims iss aud sub iat exp jti and `ver`, the token version. */
export const createTokens = ({ keys, ttl, audience, now = () => new Date() }: TokensOptions): Tokens => ({
  async issue({ id, appId, tokenVersion }) {
    const issuedAt = Math.floor(now().getTime() / 1000);
    const expiresAt = issuedAt + ttl;
    const token = await new SignJWT({ ver: tokenVersion })
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
    const options = {
      algorithms: [ALGORITHM],
      typ: 'JWT',
      issuer: ISSUER,
      audience: [...audience],
      requiredClaims: ['sub', 'iat', 'exp', 'jti'],
      currentDate: now(),
    };
    try {
      const { payload } = await jwtVerify(token, ({ kid = '' }) => keyOf(keys, kid), options);
      const { sub, aud, ver } = payload;
      if (typeof sub !== 'string' || typeof aud !== 'string' || typeof ver !== 'number') return 'INVALID';
      return { id: sub, appId: aud, tokenVersion: ver };
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'EXPIRED' : 'INVALID';
    }
  },
});

const keyOf = (keys: Keyring, kid: string): Keyring['signing']['key'] => {
  const key = keys.byKid(kid);
  if (!key) throw new errors.JWKSNoMatchingKey();
  return key;
};
