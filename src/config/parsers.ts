import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readPrivateKeys } from '../auth/keys.ts';
import type { DatabaseOptions } from '../storage/open.ts';
import type { WeChatApp } from '../wechat/client.ts';
import type { PushApp } from '../wechat/push-messages.ts';

/** Readers of values: each takes the text of a variable, or reports what is wrong with it and how to mend it. */

export type Secrets = readonly [string, ...string[]];

const MIN_SECRET_BYTES = 32;
const MIN_SECRET_VARIETY = 10;
export const PLACEHOLDER =
  /change[-_ ]?(me|this)|replace[-_ ]?(me|this)|your[-_ ]|placeholder|example|known-to-everyone/i;

export const NO_SECRET =
  'is missing: set 32 random bytes or more, such as `openssl rand -base64 48` prints, and keep them: a new one ends what the old one protects';
export const APP_ID = /^wx\w{4,62}$/;
export const NO_APP_ID =
  'is not an AppID such as wx4f4bc4dec97d474b: copy it from mp.weixin.qq.com, 开发管理, 开发设置';
export const APP_SECRET = /^[\w-]{16,128}$/;
export const NO_APP_SECRET =
  'is not an AppSecret (32 letters and digits): copy it from mp.weixin.qq.com, 开发管理, 开发设置';

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, `must be one of ${values.join(', ')}`);
}

export function integer(min: number, max: number, fallback: number) {
  const fault = `must be a whole number from ${min} to ${max}; leave it out for ${fallback}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, fault)
    .transform(Number)
    .refine((value) => value >= min && value <= max, fault)
    .default(fallback);
}

export const flag = oneOf(['0', '1']).transform((value) => value === '1');

type Place = Sqlite | Omit<Mysql, 'timeoutMs'>;
type Sqlite = Extract<DatabaseOptions, { dialect: 'sqlite' }>;
type Mysql = Extract<DatabaseOptions, { dialect: 'mysql' }>;
type Fault = z.core.$RefinementCtx<string>;

function refuse(context: Fault, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

export function readSecrets(text: string, context: Fault): Secrets {
  const [first = '', ...rest] = text.split(',').map((secret) => secret.trim());
  const secrets: Secrets = [first, ...rest];
  secrets.forEach((secret, i) => {
    const which = rest.length > 0 ? ` (number ${i + 1} of the list)` : '';
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
      refuse(
        context,
        `is too short${which}: it needs ${MIN_SECRET_BYTES} bytes or more, such as \`openssl rand -base64 48\` prints`,
      );
    else if (PLACEHOLDER.test(secret) || new Set(secret).size < MIN_SECRET_VARIETY)
      refuse(
        context,
        `is a placeholder or can be guessed${which}: put random bytes there, such as \`openssl rand -base64 48\` prints`,
      );
  });
  return secrets;
}

export function readOrigins(text: string, context: Fault): string[] {
  const origins = text.split(',').flatMap((each) => each.trim() || []);
  const wrong = origins.find((origin) => origin !== '*' && !isOrigin(origin));
  if (wrong === undefined) return origins;
  return refuse(
    context,
    'must list origins as browsers send them, such as https://admin.example.com,http://localhost:8080 (no path, no slash at the end), or be *',
  );
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

export function readDocuments(path: string, context: Fault): ReadonlyMap<string, string> {
  try {
    const documents = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, 'utf8')));
    return new Map(Object.entries(documents));
  } catch {
    return refuse(context, 'names no readable JSON file of the form {"document id": "query text"}');
  }
}

export function readKeys(text: string, context: Fault): KeyObject[] {
  try {
    return readPrivateKeys(text);
  } catch (error) {
    return refuse(
      context,
      `${error instanceof TypeError ? error.message : 'is wrong'}: set a PEM as \`openssl genpkey -algorithm ed25519\` prints (or RSA of 2048 bits or more), line ends as \\n where it must be one line`,
    );
  }
}

export function readApps(text: string, context: Fault): WeChatApp[] {
  const apps = text.split(',').flatMap((pair): WeChatApp[] => {
    const [appId = '', secret = ''] = pair.split(':').map((part) => part.trim());
    return pair.trim() === '' ? [] : [{ appId, secret }];
  });
  if (!apps.every(({ appId, secret }) => APP_ID.test(appId) && APP_SECRET.test(secret)))
    return refuse(context, 'must read appid:secret,appid:secret, with AppIDs such as wx4f4bc4dec97d474b');
  return apps;
}

export function readPushes(text: string, context: Fault): PushApp[] {
  const apps = text.split(',').flatMap((entry): PushApp[] => {
    const [appId = '', token = '', aesKey] = entry.split(':').map((part) => part.trim());
    return entry.trim() === '' ? [] : [{ appId, token, aesKey }];
  });
  const right = ({ appId, token, aesKey = 'A'.repeat(43) }: PushApp) =>
    APP_ID.test(appId) && /^[A-Za-z0-9]{3,32}$/.test(token) && /^[A-Za-z0-9]{43}$/.test(aesKey);
  if (!apps.every(right))
    return refuse(
      context,
      'must read appid:token:EncodingAESKey,appid:token:EncodingAESKey, as set at mp.weixin.qq.com, 消息推送',
    );
  return apps;
}

/** Where the database is; the deadline has a variable of its own. */
export function readDatabaseUrl(text: string, context: Fault): Place {
  if (text.startsWith('file:')) return readFile(text, context);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'mysql:')
    return refuse(
      context,
      'must begin with mysql:// (mysql://user:password@host:3306/database) or file: (file:.data/my.db)',
    );
  try {
    return readServer(url, context);
  } catch {
    return refuse(context, 'has a % that encodes nothing: write %25 for a percent sign in user or password');
  }
}

/** `file:///absolute/path`, `file:/absolute/path` or `file:relative/path`. */
function readFile(text: string, context: Fault): Place {
  const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (path === '' || path.startsWith('//') || path.endsWith('/') || /[?#%]/.test(path))
    return refuse(
      context,
      'names no file: write file:.data/my.db or file:/var/lib/my.db, without options and the signs ? # %',
    );
  return { dialect: 'sqlite', path };
}

/** @throws {URIError} */
function readServer(url: URL, context: Fault): Place {
  const { ssl = '0', socketPath, poolSize = '10', ...unknown } = Object.fromEntries(url.searchParams);
  const [stranger] = Object.keys(unknown);
  if (stranger)
    return refuse(
      context,
      `has the unknown option ${stranger}: it takes ssl=1, poolSize=10 and socketPath=/path/to/mysqld.sock`,
    );
  if (!/^(0|1|true|false)$/.test(ssl))
    return refuse(context, 'has another ssl than 1 or 0: 1 demands TLS and a certificate that is good');
  if (!/^[1-9]\d{0,2}$/.test(poolSize))
    return refuse(context, 'has another poolSize than a whole number from 1 to 999; leave it out for 10');
  const database = decodeURIComponent(url.pathname.slice(1));
  if (!database) return refuse(context, 'names no database: mysql://user:password@host:3306/database');
  return {
    dialect: 'mysql',
    host: decodeURIComponent(url.hostname.replace(/^\[|\]$/g, '')),
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    socketPath,
    ssl: ssl === '1' || ssl === 'true',
    poolSize: Number(poolSize),
  };
}

export function withDeadline(place: Place, timeoutMs: number): DatabaseOptions {
  return place.dialect === 'mysql' ? { ...place, timeoutMs } : place;
}
