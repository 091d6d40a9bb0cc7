import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WeChatApp } from './client.ts';

/** A stand-in for api.weixin.qq.com on a loopback port, for development and tests. */
export type Sandbox = {
  /** Give it to WECHAT_API_URL. */
  url: string;
  close(): Promise<void>;
};

export type SandboxOptions = {
  apps: readonly WeChatApp[];
  /** 0 takes a free port. */
  port?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Bytes for session_keys, codes and request ids. */
  random?: (bytes: number) => Buffer;
};

type Request = { method: string; query: URLSearchParams; body: unknown };
type Answer = { status?: number; type?: string; body: Record<string, unknown> };
type Handler = (request: Request) => Answer;

type Code = { user: string; appId: string; mintedAt: number; used: boolean };

const CODE_MS = 5 * 60_000;
const NAME = /^[\w.-]{1,64}$/;
const MAX_BODY_BYTES = 64 * 1024;

/** The texts of WeChat; the numbers are what counts. */
const ERRMSG: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40002: 'invalid grant_type',
  40013: 'invalid appid',
  40029: 'invalid code',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40226: 'code blocked',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit  mustslower  retry next minute',
};

/**
 * Starts the sandbox. Codes: `dev:NAME` always works and always means the same person; `POST /sandbox/codes
 * {"user": "NAME"}` mints one that works once within 5 minutes; `fault:ERRCODE` answers that errcode.
 * `POST /sandbox/users {"user": "NAME", "unionid": true}` gives the person a unionid from then on.
 * @throws {Error} when NODE_ENV is production, where anybody could log in as anybody
 */
export const createSandbox = async ({
  apps,
  port = 0,
  now = Date.now,
  random = randomBytes,
}: SandboxOptions): Promise<Sandbox> => {
  if (process.env.NODE_ENV === 'production')
    throw new Error('The WeChat sandbox never runs in production: it lets anybody log in as anybody.');
  const codes = new Map<string, Code>();
  const unionUsers = new Set<string>();

  const refuse = (errcode: number): Answer => ({
    body: { errcode, errmsg: `${ERRMSG[errcode] ?? 'refused'}, rid: ${rid(random)}` },
  });

  const userOf = (code: string, appId: string): string | Answer => {
    const [kind, rest = ''] = split(code);
    if (kind === 'dev' && NAME.test(rest)) return rest;
    if (kind === 'fault' && /^-?\d{1,9}$/.test(rest)) return refuse(Number(rest));
    const minted = codes.get(code);
    if (!minted || minted.appId !== appId || now() - minted.mintedAt > CODE_MS) return refuse(40029);
    if (minted.used) return refuse(40163);
    minted.used = true;
    return minted.user;
  };

  const jscode2session: Handler = ({ method, query }) => {
    const appId = query.get('appid');
    const secret = query.get('secret');
    const code = query.get('js_code');
    if (method !== 'GET' || !appId) return refuse(41002);
    if (!secret) return refuse(41004);
    if (!code) return refuse(41008);
    if (query.get('grant_type') !== 'authorization_code') return refuse(40002);
    const app = apps.find((candidate) => candidate.appId === appId);
    if (!app) return refuse(40013);
    if (app.secret !== secret) return refuse(40125);
    const user = userOf(code, appId);
    if (typeof user !== 'string') return user;
    return {
      body: {
        session_key: random(16).toString('base64'),
        openid: openIdOf(appId, user),
        ...(unionUsers.has(user) ? { unionid: identifier('u', user) } : {}),
      },
    };
  };

  const mintCode: Handler = ({ body }) => {
    const { user, appId = apps[0]?.appId } = fields(body);
    if (typeof user !== 'string' || !NAME.test(user) || typeof appId !== 'string')
      return {
        status: 400,
        body: {
          error:
            'Send {"user": "NAME"}: letters, digits, dot, dash, at most 64; "appId" if it is not the first.',
        },
      };
    for (const [code, { mintedAt }] of codes) if (now() - mintedAt > 2 * CODE_MS) codes.delete(code);
    const code = random(24).toString('base64url');
    codes.set(code, { user, appId, mintedAt: now(), used: false });
    return { body: { code } };
  };

  const changeUser: Handler = ({ body }) => {
    const { user, unionid } = fields(body);
    if (typeof user !== 'string' || !NAME.test(user) || typeof unionid !== 'boolean')
      return { status: 400, body: { error: 'Send {"user": "NAME", "unionid": true or false}.' } };
    if (unionid) unionUsers.add(user);
    else unionUsers.delete(user);
    return { body: { user, unionid } };
  };

  const routes: Readonly<Record<string, Handler>> = {
    '/sns/jscode2session': (request) => ({ type: 'text/plain', ...jscode2session(request) }),
    '/sandbox/codes': post(mintCode),
    '/sandbox/users': post(changeUser),
  };

  const server = createServer((request, response) => {
    answer(request, routes).then(
      (reply) => write(response, reply),
      () => write(response, { status: 400, body: { error: 'The body must be JSON of at most 64 KB.' } }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** The openid that the sandbox gives this person in this app: 28 characters, as WeChat's. */
export const openIdOf = (appId: string, user: string): string => identifier('o', `${appId}/${user}`);

const identifier = (prefix: string, text: string): string =>
  prefix + createHash('sha256').update(text).digest('base64url').slice(0, 27);

const split = (code: string): [string, string?] => {
  const colon = code.indexOf(':');
  return colon < 0 ? [code] : [code.slice(0, colon), code.slice(colon + 1)];
};

const rid = (random: (bytes: number) => Buffer): string =>
  random(12)
    .toString('hex')
    .replace(/^(.{8})(.{8})(.{8})$/, '$1-$2-$3');

const post =
  (handler: Handler): Handler =>
  (request) =>
    request.method === 'POST'
      ? handler(request)
      : { status: 405, body: { error: 'Use POST with a JSON body.' } };

const fields = (body: unknown): Record<string, unknown> => ({ ...(typeof body === 'object' ? body : {}) });

const answer = async (
  request: IncomingMessage,
  routes: Readonly<Record<string, Handler>>,
): Promise<Answer> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readJson(request);
  const handler = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (!handler)
    return { status: 404, body: { error: `No such API here; there are ${Object.keys(routes).join(', ')}.` } };
  return handler({ method: request.method ?? 'GET', query: searchParams, body });
};

const readJson = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new RangeError('body too large');
  }
  return text === '' ? undefined : JSON.parse(text);
};

/** WeChat escapes the slashes of a session_key in its JSON. */
const write = (response: ServerResponse, { status = 200, type = 'application/json', body }: Answer): void => {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body).replaceAll('/', '\\/'));
};

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address ? address.port : 0;
