import { createDecipheriv } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { Clock } from '../common/clock.ts';
import { OPAQUE_ID } from '../common/identifiers.ts';
import { isEqualText, pushSignature } from './signature.ts';

/** The push settings (消息推送) of mp.weixin.qq.com. With an EncodingAESKey pushes must come in secure mode. */
export type PushApp = { appId: string; token: string; aesKey?: string | undefined };

const EVENTS = [
  'user_info_modified',
  'user_authorization_revoke',
  'user_authorization_cancellation',
] as const;

/** A push that requires erasing data of a user. */
export type PushEvent = {
  event: (typeof EVENTS)[number];
  openId: string;
  /** The numbers in RevokeInfo: which permissions the user revoked. */
  revoked: readonly string[];
};

export type PushFault =
  /** The signature is wrong, or the push must be encrypted and is not. */
  | 'FORGED'
  /** More than five minutes old, or in the future. */
  | 'EXPIRED'
  /** Signed, but neither the XML nor the JSON of an event, or for another mini program. */
  | 'MALFORMED';

export type PushReader = {
  /** Whether pushes of this mini program are configured. */
  serves(appId: string): boolean;
  /**
   * Verifies signature and timestamp, which the URL check and every push carry.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
   */
  verify(appId: string, query: URLSearchParams): PushFault | null;
  /** Parses a verified push; null for an event that needs no action. */
  read(appId: string, query: URLSearchParams, body: string): PushEvent | PushFault | null;
};

const MAX_AGE_S = 300;

/** Source: https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes */
const eventMessage = z.object({
  Event: z.enum(EVENTS),
  OpenID: z.string().regex(OPAQUE_ID),
  AppID: z.string().optional(),
  RevokeInfo: z.string().default(''),
});

export function createPushReader(apps: readonly PushApp[], now: Clock = Date.now): PushReader {
  const find = (appId: string) => apps.find((app) => app.appId === appId);

  return {
    serves: (appId) => find(appId) !== undefined,

    verify(appId, query) {
      const [signature, timestamp, nonce] = ['signature', 'timestamp', 'nonce'].map(
        (name) => query.get(name) ?? '',
      );
      const token = find(appId)?.token;
      if (!token || !signature || !timestamp || !nonce) return 'FORGED';
      if (!isEqualText(pushSignature(token, timestamp, nonce), signature)) return 'FORGED';
      return Math.abs(now() / 1000 - Number(timestamp)) <= MAX_AGE_S ? null : 'EXPIRED';
    },

    read(appId, query, body) {
      const app = find(appId);
      if (!app) return 'FORGED';
      const envelope = parseFields(body);
      const text = app.aesKey
        ? decryptEnvelope({ ...app, aesKey: app.aesKey }, query, envelope.Encrypt)
        : null;
      if (text === undefined) return 'FORGED';
      const fields = text === null ? envelope : parseFields(text);
      if (fields.MsgType === undefined) return 'MALFORMED';
      if (!EVENTS.some((event) => event === fields.Event)) return null;
      const { success, data } = eventMessage.safeParse(fields);
      if (!success || (data.AppID ?? appId) !== appId) return 'MALFORMED';
      return { event: data.Event, openId: data.OpenID, revoked: data.RevokeInfo.match(/\d+/g) ?? [] };
    },
  };
}

/** The message of a push in secure mode; undefined unless it was signed and encrypted for this mini program. */
function decryptEnvelope(
  { appId, token, aesKey }: PushApp & { aesKey: string },
  query: URLSearchParams,
  encrypted: string | undefined,
): string | undefined {
  const given = query.get('msg_signature') ?? '';
  const expected = pushSignature(
    token,
    query.get('timestamp') ?? '',
    query.get('nonce') ?? '',
    encrypted ?? '',
  );
  if (!encrypted || !isEqualText(expected, given)) return undefined;
  const decrypted = decryptMessage(encrypted, aesKey);
  return decrypted?.appId === appId ? decrypted.text : undefined;
}

const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;

/** AES-256-CBC of 16 random bytes, the length, the text and the AppID, padded to blocks of 32 bytes. */
function decryptMessage(encrypted: string, aesKey: string): { text: string; appId: string } | undefined {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  try {
    const padded = Buffer.concat([decipher.update(encrypted, 'base64'), decipher.final()]);
    const plaintext = padded.subarray(RANDOM_BYTES, padded.length - (padded.at(-1) ?? 0));
    const end = LENGTH_BYTES + plaintext.readUInt32BE();
    return { text: plaintext.toString('utf8', LENGTH_BYTES, end), appId: plaintext.toString('utf8', end) };
  } catch {
    return undefined;
  }
}

const xmlParser = new XMLParser({ parseTagValue: false, processEntities: false });

const xmlRoot = z.object({ xml: z.record(z.string(), z.unknown()) }).transform(({ xml }) => xml);

/** The string and number fields of XML or JSON. In one official sample the names begin with a space. */
function parseFields(body: string): Record<string, string | undefined> {
  try {
    const fields = body.trimStart().startsWith('<')
      ? xmlRoot.parse(xmlParser.parse(body))
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
