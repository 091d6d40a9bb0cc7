import { createCipheriv, createHmac, hkdfSync, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { createPool, type RowDataPacket } from 'mysql2';
import { uuidv7 } from 'uuidv7';
import {
  APP_ID,
  APP_SECRET,
  BODY_LIMIT,
  ISSUER,
  JWT_SECRET,
  KID,
  LOGIN_DOCUMENT,
  ME_DOCUMENT,
  NOTES_DOCUMENT,
  POOL_SIZE,
  SESSION_KEY_SECRET,
  TOKEN_TTL,
} from '../contract.ts';

/**
 * The measure of all others: login and `me` as one writes them by hand with node:http, node:crypto and mysql2. It
 * knows the two documents by their text and runs no GraphQL. Statements are prepared, connections kept alive, the row
 * is read for each request; nothing is batched or cached.
 */
const { PORT = '0', DATABASE_URL = '', WECHAT_API_URL = '' } = process.env;

const pool = createPool({
  uri: DATABASE_URL,
  connectionLimit: POOL_SIZE,
  charset: 'utf8mb4',
  dateStrings: true,
});
const agent = new Agent({ keepAlive: true });
const { hostname: wechatHost, port: wechatPort } = new URL(WECHAT_API_URL);

const TOKEN_HEADER = encode({ alg: 'HS256', typ: 'JWT', kid: KID });
const SESSION_KEY_KEY = Buffer.from(
  hkdfSync('sha256', SESSION_KEY_SECRET, 'weapp-login', 'session_key key', 32),
);
const SESSION_KEY_ID = Buffer.from(
  hkdfSync('sha256', SESSION_KEY_SECRET, 'weapp-login', 'session_key id', 6),
).toString('base64url');

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 200) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

createServer((request, response) => {
  if (request.url !== '/graphql' || request.method !== 'POST') {
    respond(response, 404, { errors: [{ message: 'Not found.' }] });
    return;
  }
  readBody(request, (error, body) => {
    if (error) respondError(response, null, error);
    else handle(request, response, body);
  });
}).listen(Number(PORT), '127.0.0.1');

function handle(request: IncomingMessage, response: ServerResponse, body: string): void {
  const { query, variables } = parseBody(body);
  if (query === ME_DOCUMENT)
    me(request.headers.authorization, (error, user) => {
      if (error) respondError(response, 'me', error);
      else respond(response, 200, { data: { me: user } });
    });
  else if (query === LOGIN_DOCUMENT)
    login(variables, (error, session) => {
      if (error) respondError(response, 'login', error);
      else respond(response, 200, { data: { login: session } });
    });
  else if (query === NOTES_DOCUMENT)
    notes(request.headers.authorization, (error, page) => {
      if (error) respondError(response, 'notes', error);
      else respond(response, 200, { data: { notes: page } });
    });
  else respondError(response, null, new Refusal('BAD_REQUEST', 'Unknown document.', 400));
}

function readBody(request: IncomingMessage, done: Done<string>): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let isTooLarge = false;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > BODY_LIMIT) isTooLarge = true;
    else chunks.push(chunk);
  });
  request.on('end', () => {
    if (isTooLarge) done(new Refusal('REQUEST_ENTITY_TOO_LARGE', 'The body is too large.', 413), '');
    else done(null, Buffer.concat(chunks).toString());
  });
}

type Done<T> = (error: Error | null, result: T) => void;

function parseBody(body: string): { query?: unknown; variables?: unknown } {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

const SELECT_ME =
  'SELECT id, app_id, open_id, nick_name, avatar_url, gender, city, role, created_at, token_version, disabled_at FROM user WHERE id = ?';

function me(authorization: string | undefined, done: Done<object | null>): void {
  const claims = verifyToken(authorization);
  if (!claims) {
    done(new Refusal('UNAUTHENTICATED', 'The token is missing or invalid.'), null);
    return;
  }
  pool.execute<RowDataPacket[]>(SELECT_ME, [claims.sub], (error, rows) => {
    const row = rows?.[0];
    if (error) done(error, null);
    else if (row?.app_id !== claims.aud || row.token_version !== claims.ver)
      done(new Refusal('UNAUTHENTICATED', 'The token was revoked.'), null);
    else if (row.disabled_at !== null) done(new Refusal('USER_DISABLED', 'The account is disabled.'), null);
    else
      done(null, {
        id: row.id,
        appId: row.app_id,
        openId: row.open_id,
        nickName: row.nick_name,
        avatarUrl: row.avatar_url,
        gender: row.gender,
        city: row.city,
        role: row.role,
        createdAt: toIso(row.created_at),
      });
  });
}

const PAGE = 20;
const SELECT_NOTES = 'SELECT id, text, created_at FROM notes_note WHERE user_id = ? ORDER BY id LIMIT ?';

/** The user is read as for `me`: a logout must take effect at once. */
function notes(authorization: string | undefined, done: Done<object | null>): void {
  me(authorization, (error, user) => {
    if (error || !user || !('id' in user)) done(error ?? new Error('no user'), null);
    else
      pool.execute<RowDataPacket[]>(SELECT_NOTES, [String(user.id), String(PAGE + 1)], (failure, rows) => {
        if (failure) {
          done(failure, null);
          return;
        }
        const edges = rows.slice(0, PAGE).map(({ id, text, created_at }) => ({
          cursor: id,
          node: { id, text, createdAt: toIso(created_at) },
        }));
        const pageInfo = { hasNextPage: rows.length > PAGE, endCursor: edges.at(-1)?.cursor ?? null };
        done(null, { edges, pageInfo });
      });
  });
}

/** The prepared protocol leaves out milliseconds that are zero. */
function toIso(datetime: string): string {
  return new Date(`${datetime.replace(' ', 'T')}Z`).toISOString();
}

type Claims = { sub: string; aud: string; ver: number };

function verifyToken(authorization: string | undefined): Claims | null {
  if (authorization === undefined || !authorization.startsWith('Bearer ')) return null;
  const [header, payload, signature, more] = authorization.slice(7).split('.');
  if (header !== TOKEN_HEADER || payload === undefined || signature === undefined || more !== undefined)
    return null;
  const given = Buffer.from(signature, 'base64url');
  const expected = createHmac('sha256', JWT_SECRET).update(`${header}.${payload}`).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const { iss, aud, sub, exp, ver } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  if (iss !== ISSUER || aud !== APP_ID || !(exp > Date.now() / 1000)) return null;
  return { sub, aud, ver };
}

const UPSERT = `INSERT INTO user (id, app_id, open_id, union_id, session_key, role, token_version, created_at, updated_at, last_login_at)
  VALUES (?, ?, ?, ?, ?, 'USER', 0, ?, ?, ?)
  ON DUPLICATE KEY UPDATE union_id = COALESCE(VALUES(union_id), union_id), session_key = VALUES(session_key),
  updated_at = VALUES(updated_at), last_login_at = VALUES(last_login_at)`;
const SELECT_LOGIN =
  'SELECT id, open_id, nick_name, token_version, disabled_at FROM user WHERE app_id = ? AND open_id = ?';

function login(variables: unknown, done: Done<object | null>): void {
  const code = typeof variables === 'object' && variables && 'code' in variables ? variables.code : undefined;
  if (typeof code !== 'string' || !/^[\w-]{1,128}$/.test(code)) {
    done(new Refusal('BAD_USER_INPUT', 'code is invalid.'), null);
    return;
  }
  code2Session(code, (wechatError, { openId, unionId, sessionKey }) => {
    if (wechatError) {
      done(wechatError, null);
      return;
    }
    const newId = uuidv7();
    const at = new Date().toISOString().slice(0, -1).replace('T', ' ');
    const encrypted = encryptSessionKey(sessionKey, `${APP_ID}/${openId}`);
    pool.execute(UPSERT, [newId, APP_ID, openId, unionId, encrypted, at, at, at], (upsertError) => {
      if (upsertError) done(upsertError, null);
      else
        pool.execute<RowDataPacket[]>(SELECT_LOGIN, [APP_ID, openId], (error, rows) => {
          const row = rows?.[0];
          if (error || !row) done(error ?? new Error('the row is gone'), null);
          else if (row.disabled_at !== null)
            done(new Refusal('USER_DISABLED', 'The account is disabled.'), null);
          else
            done(null, {
              ...issueToken(row.id, row.token_version),
              isNewUser: row.id === newId,
              user: { id: row.id, openId: row.open_id, nickName: row.nick_name },
            });
        });
    });
  });
}

type Session = { openId: string; unionId: string | null; sessionKey: string };

function code2Session(code: string, done: Done<Session>): void {
  const none: Session = { openId: '', unionId: null, sessionKey: '' };
  const query = `appid=${APP_ID}&secret=${APP_SECRET}&js_code=${encodeURIComponent(code)}&grant_type=authorization_code`;
  const request = get(
    { agent, host: wechatHost, port: wechatPort, path: `/sns/jscode2session?${query}`, timeout: 5000 },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const session = parseSession(text);
        if (session) done(null, session);
        else done(new Refusal('WECHAT_CODE_INVALID', 'WeChat rejected the code.'), none);
      });
    },
  );
  request.on('timeout', () => request.destroy(new Error('WeChat did not respond in time')));
  request.on('error', (error) => done(error, none));
}

function parseSession(text: string): Session | null {
  try {
    const { errcode, openid, unionid, session_key } = JSON.parse(text);
    if (errcode || typeof session_key !== 'string') return null;
    if (typeof openid !== 'string' || !/^[\w-]{16,64}$/.test(openid)) return null;
    return { openId: openid, unionId: unionid || null, sessionKey: session_key };
  } catch {
    return null;
  }
}

function encryptSessionKey(sessionKey: string, owner: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', SESSION_KEY_KEY, iv).setAAD(Buffer.from(owner));
  const ciphertext = Buffer.concat([cipher.update(sessionKey, 'utf8'), cipher.final()]);
  return `${SESSION_KEY_ID}.${Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url')}`;
}

function issueToken(sub: string, ver: number): { token: string; expiresAt: string } {
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + TOKEN_TTL;
  const claims = { ver, auth_time: iat, iss: ISSUER, aud: APP_ID, sub, iat, exp, jti: randomUUID() };
  const signed = `${TOKEN_HEADER}.${encode(claims)}`;
  const signature = createHmac('sha256', JWT_SECRET).update(signed).digest('base64url');
  return { token: `${signed}.${signature}`, expiresAt: new Date(exp * 1000).toISOString() };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function respondError(response: ServerResponse, field: string | null, error: Error): void {
  const { code, status } = error instanceof Refusal ? error : { code: 'INTERNAL_SERVER_ERROR', status: 500 };
  if (!(error instanceof Refusal)) process.stderr.write(`${error.stack}\n`);
  const message = error instanceof Refusal ? error.message : 'Internal server error.';
  const errors = [{ message, ...(field ? { path: [field] } : {}), extensions: { code } }];
  respond(response, status, field ? { errors, data: field === 'me' ? { me: null } : null } : { errors });
}

function respond(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

process.once('SIGTERM', () => pool.end(() => process.exit(0)));
