import { createCipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { and, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/mysql2';
import { GraphQLError } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { jwtVerify, SignJWT } from 'jose';
import { createPool } from 'mysql2/promise';
import { ofetch } from 'ofetch';
import { uuidv7 } from 'uuidv7';
import { user as users } from '../../src/storage/mysql.schema.ts';
import {
  APP_ID,
  APP_SECRET,
  ISSUER,
  JWT_SECRET,
  KID,
  POOL_SIZE,
  SESSION_KEY_SECRET,
  TOKEN_TTL,
} from '../contract.ts';

/**
 * The libraries of this product, used as their documentation shows: Yoga, Pothos with scope-auth, jose,
 * Drizzle and ofetch, each of them for each request.
 */
const { PORT = '0', DATABASE_URL = '', WECHAT_API_URL = '' } = process.env;

const pool = createPool({ uri: DATABASE_URL, connectionLimit: POOL_SIZE, charset: 'utf8mb4' });
const db = drizzle(pool);
const secret = new TextEncoder().encode(JWT_SECRET);
const sessionKeyKey = createHash('sha256').update(SESSION_KEY_SECRET).digest();

type User = typeof users.$inferSelect;
type Login = { token: string; expiresAt: Date; isNewUser: boolean; user: User };
type Context = { user: User | null };

const builder = new SchemaBuilder<{
  Context: Context;
  AuthScopes: { signedIn: boolean };
  Scalars: { DateTime: { Input: Date; Output: Date } };
  DefaultFieldNullability: false;
}>({
  plugins: [ScopeAuthPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: async (context) => ({ signedIn: context.user !== null }),
    unauthorizedError: () => refusal('UNAUTHENTICATED', 'The token is missing or invalid.'),
  },
});
builder.scalarType('DateTime', {
  serialize: (date) => date.toISOString(),
  parseValue: (value) => new Date(String(value)),
});

const UserType = builder.objectRef<User>('User').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    appId: t.exposeString('appId'),
    openId: t.exposeString('openId'),
    nickName: t.exposeString('nickName', { nullable: true }),
    avatarUrl: t.exposeString('avatarUrl', { nullable: true }),
    gender: t.exposeInt('gender', { nullable: true }),
    city: t.exposeString('city', { nullable: true }),
    role: t.exposeString('role'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
});
const LoginPayload = builder.objectRef<Login>('LoginPayload').implement({
  fields: (t) => ({
    token: t.exposeString('token'),
    expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
    isNewUser: t.exposeBoolean('isNewUser'),
    user: t.expose('user', { type: UserType }),
  }),
});

builder.queryType({
  fields: (t) => ({
    me: t.field({
      type: UserType,
      nullable: true,
      authScopes: { signedIn: true },
      resolve: (_root, _args, context) => context.user,
    }),
  }),
});
builder.mutationType({
  fields: (t) => ({
    login: t.field({
      type: LoginPayload,
      args: { code: t.arg.string({ required: true }) },
      resolve: (_root, { code }) => login(code),
    }),
  }),
});

async function login(code: string): Promise<Login> {
  const session = await code2Session(code);
  const where = and(eq(users.appId, APP_ID), eq(users.openId, session.openid));
  const now = new Date();
  const changes = {
    ...(session.unionid ? { unionId: session.unionid } : {}),
    sessionKey: encrypt(session.session_key, session.openid),
    updatedAt: now,
    lastLoginAt: now,
  };
  const id = uuidv7();
  await db
    .insert(users)
    .values({
      id,
      appId: APP_ID,
      openId: session.openid,
      role: 'USER',
      tokenVersion: 0,
      createdAt: now,
      ...changes,
    })
    .onDuplicateKeyUpdate({ set: changes });
  const [user] = await db.select().from(users).where(where);
  if (!user) throw new Error('the row is gone');
  if (user.disabledAt) throw refusal('USER_DISABLED', 'The account is disabled.');
  return { ...(await issueToken(user)), isNewUser: user.id === id, user };
}

type WeChatSession = { openid: string; unionid?: string; session_key: string };

async function code2Session(code: string): Promise<WeChatSession> {
  if (!/^[\w-]{1,128}$/.test(code)) throw refusal('BAD_USER_INPUT', 'code is invalid.');
  const session = await ofetch('/sns/jscode2session', {
    baseURL: WECHAT_API_URL,
    query: { appid: APP_ID, secret: APP_SECRET, js_code: code, grant_type: 'authorization_code' },
    responseType: 'json',
    retry: 0,
    timeout: 5000,
  });
  if (session.errcode || !/^[\w-]{16,64}$/.test(session.openid))
    throw refusal('WECHAT_CODE_INVALID', 'WeChat rejected the code.');
  return session;
}

function encrypt(sessionKey: string, openId: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sessionKeyKey, iv).setAAD(Buffer.from(`${APP_ID}/${openId}`));
  const ciphertext = Buffer.concat([cipher.update(sessionKey, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url');
}

async function issueToken({ id, tokenVersion }: User): Promise<{ token: string; expiresAt: Date }> {
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + TOKEN_TTL;
  const token = await new SignJWT({ ver: tokenVersion, auth_time: iat })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: KID })
    .setIssuer(ISSUER)
    .setAudience(APP_ID)
    .setSubject(id)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .setJti(randomUUID())
    .sign(secret);
  return { token, expiresAt: new Date(exp * 1000) };
}

async function readUser(authorization: string | null): Promise<User | null> {
  if (!authorization?.startsWith('Bearer ')) return null;
  const verified = await jwtVerify(authorization.slice(7), secret, {
    algorithms: ['HS256'],
    issuer: ISSUER,
    audience: APP_ID,
    requiredClaims: ['exp', 'sub'],
  }).catch(() => null);
  if (!verified?.payload.sub) return null;
  const [user] = await db.select().from(users).where(eq(users.id, verified.payload.sub));
  return user && user.tokenVersion === verified.payload.ver && user.disabledAt === null ? user : null;
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

const yoga = createYoga({
  schema: builder.toSchema(),
  graphiql: false,
  logging: 'error',
  context: async ({ request }): Promise<Context> => ({
    user: await readUser(request.headers.get('authorization')),
  }),
});
const server = createServer(yoga);
server.listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => pool.end());
});
