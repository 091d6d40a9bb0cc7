import { createHmac } from 'node:crypto';

/** What all measured servers have in common: the two documents, the mini program, the secrets. */

/** Nine fields that do not change with a login, so that every response can be compared as a whole. */
export const ME_DOCUMENT =
  'query Me { me { id appId openId nickName avatarUrl gender city role createdAt } }';

export const LOGIN_DOCUMENT =
  'mutation Login($code: String!) { login(code: $code) { token expiresAt isNewUser user { id openId nickName } } }';

/** The first page of a module's list. */
export const NOTES_DOCUMENT =
  'query Notes { notes(first: 20) { edges { cursor node { id text createdAt } } pageInfo { hasNextPage endCursor } } }';
/** How many each user has. */
export const NOTES_PER_USER = 25;

export const APP_ID = 'wxbench000000001';
export const APP_SECRET = 'bench-app-secret-0123456789';
export const JWT_SECRET = 'bench-jwt-secret-of-more-than-32-bytes';
export const SESSION_KEY_SECRET = 'bench-session-key-secret-of-more-than-32-bytes';
/** Seconds. */
export const TOKEN_TTL = 3600;
/** Connections to the database per process: the product's default. */
export const POOL_SIZE = 10;
/** The largest accepted body in bytes. */
export const BODY_LIMIT = 64 * 1024;
/** The `kid` that the product gives JWT_SECRET. */
export const KID = createHmac('sha256', JWT_SECRET)
  .update('weapp-login kid')
  .digest('base64url')
  .slice(0, 12);
/** The `iss` claim of the product, which the servers written by hand use as well. */
export const ISSUER = 'weapp-login';
