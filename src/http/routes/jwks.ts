import type { Keyring } from '../../auth/keys.ts';
import { errorReply } from '../reply.ts';
import type { Route } from '../router.ts';

/** Other services may cache the keys for five minutes, so publish a new key that long before it signs. */
const MAX_AGE_S = 300;

/** `/.well-known/jwks.json`: the public keys of our tokens (RFC 7517). */
export function jwksRoute(currentKeys: () => Keyring['jwks']): Route {
  return () => {
    const jwks = currentKeys();
    if (jwks.keys.length === 0)
      return errorReply(404, 'NOT_FOUND', 'Tokens are signed with a secret: there are no public keys.');
    return {
      status: 200,
      headers: {
        'content-type': 'application/jwk-set+json',
        'cache-control': `public, max-age=${MAX_AGE_S}`,
      },
      body: JSON.stringify(jwks),
    };
  };
}
