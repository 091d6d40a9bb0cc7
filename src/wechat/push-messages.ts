import { createDecipheriv, createHash } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { sameText } from './encrypted-data.ts';

/** What mp.weixin.qq.com, 消息推送, is set to; with an EncodingAESKey pushes must come in secure mode. */
export type PushApp = { appId: string; token: string; aesKey?: string | undefined };

/** A push that obliges the server, about a person by their openid. */
export type PushEvent = {
  event: 'user_info_modified' | 'user_authorization_revoke' | 'user_authorization_cancellation';
  openId: string;
  /** The numbers of RevokeInfo: what the person no longer allows. */
  revoked: readonly string[];
};

export type PushFault =
  /** The signature is not one of the token, or a push that must be encrypted isn't. */
  | 'FORGED'
  /** More than five minutes old, or of the future. */
  | 'OLD'
  /** Signed, but neither XML nor JSON of an event, or for another app. */
  | 'MALFORMED';

export type PushReader = {
  /** The apps that take pushes. */
  serves(appId: string): boolean;
  /**
   * Checks who sent a request: the URL check and every push bear the same three.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
   */
  check(appId: string, query: URLSearchParams): PushFault | null;
  /** The event of a push that was checked; null for a push that obliges to nothing. */
  read(appId: string, query: URLSearchParams, body: string): PushEvent | PushFault | null;
};

const WINDOW_S = 300;

const EVENTS = [
  'user_info_modified',
  'user_authorization_revoke',
  'user_authorization_cancellation',
] as const;

/** Source: https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes */
const message = z.object({
  Event: z.enum(EVENTS),
  OpenID: z.string().regex(/^[\w-]{16,64}$/),
  AppID: z.string().optional(),
  RevokeInfo: z.string().default(''),
});

/** @param now milliseconds since 1970 */
export function createPushReader(apps: readonly PushApp[], now: () => number = Date.now): PushReader {
  const find = (appId: string) => apps.find((app) => app.appId === appId);

  return {
    serves: (appId) => find(appId) !== undefined,

    check(appId, query) {
      const [signature, timestamp, nonce] = ['signature', 'timestamp', 'nonce'].map(
        (name) => query.get(name) ?? '',
      );
      const token = find(appId)?.token;
      if (!token || !signature || !timestamp || !nonce) return 'FORGED';
      if (!sameText(sign(token, timestamp, nonce), signature)) return 'FORGED';
      return Math.abs(now() / 1000 - Number(timestamp)) <= WINDOW_S ? null : 'OLD';
    },

    read(appId, query, body) {
      const app = find(appId);
      if (!app) return 'FORGED';
      const fields = parse(body);
      const text = app.aesKey ? unwrap({ ...app, aesKey: app.aesKey }, query, fields.Encrypt) : null;
      if (text === undefined) return 'FORGED';
      const given = text === null ? fields : parse(text);
      if (given.MsgType === undefined) return 'MALFORMED';
      if (!EVENTS.some((event) => event === given.Event)) return null;
      const { success, data } = message.safeParse(given);
      if (!success || (data.AppID ?? appId) !== appId) return 'MALFORMED';
      return { event: data.Event, openId: data.OpenID, revoked: data.RevokeInfo.match(/\d+/g) ?? [] };
    },
  };
}

/** The text of a push in secure mode; undefined unless it was encrypted and signed for this app. */
function unwrap(
  { appId, token, aesKey }: PushApp & { aesKey: string },
  query: URLSearchParams,
  encrypted: string | undefined,
): string | undefined {
  const given = query.get('msg_signature') ?? '';
  const expected = sign(token, query.get('timestamp') ?? '', query.get('nonce') ?? '', encrypted ?? '');
  if (!encrypted || !sameText(expected, given)) return undefined;
  const opened = decrypt(encrypted, aesKey);
  return opened?.appId === appId ? opened.text : undefined;
}

function sign(...parts: string[]): string {
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;

/** AES-256-CBC over 16 random bytes, the length, the text and the AppID, padded to blocks of 32 bytes. */
function decrypt(encrypted: string, aesKey: string): { text: string; appId: string } | undefined {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  try {
    const padded = Buffer.concat([decipher.update(encrypted, 'base64'), decipher.final()]);
    const plain = padded.subarray(RANDOM_BYTES, padded.length - (padded.at(-1) ?? 0));
    const end = LENGTH_BYTES + plain.readUInt32BE();
    return { text: plain.toString('utf8', LENGTH_BYTES, end), appId: plain.toString('utf8', end) };
  } catch {
    return undefined;
  }
}

const xml = new XMLParser({ parseTagValue: false, processEntities: false });

const envelope = z.object({ xml: z.record(z.string(), z.unknown()) }).transform(({ xml: fields }) => fields);

/** The fields of XML or JSON that are texts or numbers. One official sample has names that begin with a space. */
function parse(body: string): Record<string, string | undefined> {
  try {
    const fields = body.trimStart().startsWith('<')
      ? envelope.parse(xml.parse(body))
      : z.record(z.string(), z.unknown()).parse(JSON.parse(body));
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
        .map(([name, value]) => [name.trim(), String(value)]),
    );
  } catch {
    return {};
  }
}
