import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parsePrivateKeys } from '../auth/keys.ts';
import { APP_ID, ROLE_NAME } from '../common/identifiers.ts';
import { splitList } from '../common/lists.ts';
import type { WeChatApp } from '../wechat/client.ts';
import type { PushApp } from '../wechat/push-messages.ts';

export type Secrets = readonly [string, ...string[]];

const MIN_SECRET_BYTES = 32;
const MIN_DISTINCT_CHARS = 10;
export const PLACEHOLDER =
  /change[-_ ]?(me|this)|replace[-_ ]?(me|this)|your[-_ ]|placeholder|example|known-to-everyone/i;

export const MISSING_SECRET =
  'is missing: set at least 32 random bytes (`openssl rand -base64 48`) and keep them: changing it invalidates all tokens, or all stored session_keys';
export const INVALID_APP_ID =
  'is not an AppID such as wx4f4bc4dec97d474b: copy it from mp.weixin.qq.com, 开发管理, 开发设置';
export const APP_SECRET = /^[\w-]{16,128}$/;
export const INVALID_APP_SECRET =
  'is not an AppSecret (32 letters and digits): copy it from mp.weixin.qq.com, 开发管理, 开发设置';

export type FaultContext = z.core.$RefinementCtx<string>;

export function reject(context: FaultContext, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, `must be one of ${values.join(', ')}`);
}

export function integer(min: number, max: number, fallback: number) {
  const message = `must be a whole number from ${min} to ${max}; omit it for ${fallback}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(fallback);
}

export function parseRedisUrl(text: string, context: FaultContext): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.hostname && /^rediss?:$/.test(url.protocol) && /^(\/\d{0,4})?$/.test(url.pathname)) return text;
  return reject(
    context,
    'must be redis://user:password@host:6379/0, or rediss:// for TLS; write special characters of the password percent-encoded',
  );
}

/** Names of roles, which the schema and the command `admin` have then. */
export function parseRoles(text: string, context: FaultContext): string[] {
  const roles = splitList(text);
  const isValid = (role: string) => ROLE_NAME.test(role) && role !== 'USER' && role !== 'ADMIN';
  if (roles.every(isValid) && new Set(roles).size === roles.length) return roles;
  return reject(
    context,
    'must list roles such as EDITOR,SUPPORT: each once, at most 16 capital letters, digits and _, without USER and ADMIN, which exist anyway',
  );
}

const MAX_PORT = 65_535;

export function port() {
  const message = `must be a port, a whole number from 0 to ${MAX_PORT}; 0 selects a free one`;
  return z
    .string()
    .regex(/^\d{1,5}$/, message)
    .transform(Number)
    .refine((value) => value <= MAX_PORT, message);
}

/** A part of a whole, from 0 to 1. */
export function share() {
  return z
    .string()
    .regex(
      /^(0(\.\d{1,6})?|1(\.0{1,6})?)$/,
      'must be a number from 0 to 1 with at most six digits, such as 0.1; omit it for 1',
    )
    .transform(Number)
    .default(1);
}

const MAX_WORKERS = 64;

export function workers() {
  const message = `must be auto, for one a core, or a whole number from 1 to ${MAX_WORKERS}; omit it for 1`;
  return z
    .string()
    .regex(/^(auto|\d{1,3})$/, message)
    .transform(workerCount)
    .refine((value) => value >= 1 && value <= MAX_WORKERS, message)
    .default(1);
}

/** NaN if the text is wrong. */
export function workerCount(text = '1'): number {
  return text === 'auto' ? Math.min(MAX_WORKERS, availableParallelism()) : Number(text);
}

export const flag = oneOf(['0', '1']).transform((value) => value === '1');

export function parseSecrets(text: string, context: FaultContext): Secrets {
  const [first = '', ...rest] = text.split(',').map((secret) => secret.trim());
  const secrets: Secrets = [first, ...rest];
  secrets.forEach((secret, i) => {
    const position = rest.length > 0 ? ` (number ${i + 1} of the list)` : '';
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
      reject(
        context,
        `is too short${position}: it needs ${MIN_SECRET_BYTES} bytes or more; run \`openssl rand -base64 48\``,
      );
    else if (PLACEHOLDER.test(secret) || new Set(secret).size < MIN_DISTINCT_CHARS)
      reject(
        context,
        `is a placeholder or can be guessed${position}: use random bytes; run \`openssl rand -base64 48\``,
      );
  });
  return secrets;
}

export function parseOrigins(text: string, context: FaultContext): string[] {
  const origins = splitList(text);
  if (origins.every((origin) => origin === '*' || isOrigin(origin))) return origins;
  return reject(
    context,
    'must list origins as browsers send them, such as https://admin.example.com,http://localhost:8080 (no path, no trailing slash), or be *',
  );
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

export function readDocuments(path: string, context: FaultContext): ReadonlyMap<string, string> {
  try {
    const documents = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, 'utf8')));
    return new Map(Object.entries(documents));
  } catch {
    return reject(context, 'is not the path of a readable JSON file {"document id": "query text"}');
  }
}

export function parseKeys(text: string, context: FaultContext): KeyObject[] {
  try {
    return parsePrivateKeys(text);
  } catch (error) {
    return reject(
      context,
      `${error instanceof TypeError ? error.message : 'is invalid'}: set a PEM from \`openssl genpkey -algorithm ed25519\` (or RSA of 2048 bits or more), with line ends as \\n if it must be one line`,
    );
  }
}

export function parseApps(text: string, context: FaultContext): WeChatApp[] {
  const apps = splitList(text).map((pair): WeChatApp => {
    const [appId = '', secret = ''] = splitColons(pair);
    return { appId, secret };
  });
  if (apps.every(({ appId, secret }) => APP_ID.test(appId) && APP_SECRET.test(secret))) return apps;
  return reject(context, 'must read appid:secret,appid:secret, with AppIDs such as wx4f4bc4dec97d474b');
}

export function parsePushes(text: string, context: FaultContext): PushApp[] {
  const apps = splitList(text).map((entry): PushApp => {
    const [appId = '', token = '', aesKey] = splitColons(entry);
    return { appId, token, aesKey };
  });
  if (apps.every(isPushApp)) return apps;
  return reject(
    context,
    'must read appid:token:EncodingAESKey,appid:token:EncodingAESKey, as set at mp.weixin.qq.com, 消息推送',
  );
}

function splitColons(text: string): string[] {
  return text.split(':').map((part) => part.trim());
}

function isPushApp({ appId, token, aesKey }: PushApp): boolean {
  return (
    APP_ID.test(appId) &&
    /^[A-Za-z0-9]{3,32}$/.test(token) &&
    (aesKey === undefined || /^[A-Za-z0-9]{43}$/.test(aesKey))
  );
}
