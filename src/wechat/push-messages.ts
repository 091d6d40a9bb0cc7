import { createDecipheriv } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { Clock } from '../common/clock.ts';
import { OPAQUE_ID } from '../common/identifiers.ts';
import { isEqualText, pushSignature } from './signature.ts';

/** The push settings (消息推送) of mp.weixin.qq.com. With an EncodingAESKey pushes must come in secure mode. */
export type PushApp = { appId: string; token: string; aesKey?: string | undefined };

/** An event, as far as we use it. */
export type PushEvent = {
  /** Such as `user_authorization_revoke`; empty for a message that is not an event. */
  name: string;
  /** Null if it is absent or not an openid. */
  openId: string | null;
  /** The numbers in RevokeInfo: which permissions the user revoked. */
  revoked: readonly string[];
  /** The plug-in that the event is about, instead of the mini program. */
  pluginId: string | null;
};

export type PushFault =
  /** The signature is wrong, or the push must be encrypted and is not. */
  | 'FORGED'
  /** More than five minutes old, or in the future. */
  | 'EXPIRED'
  /** Encrypted, but no EncodingAESKey is configured. */
  | 'KEY_MISSING'
  /** Signed, but encrypted with another EncodingAESKey, or for another mini program. */
  | 'KEY_WRONG'
  /** Signed, but neither the XML nor the JSON of a message. */
  | 'MALFORMED'
  /** Signed, but about another mini program. */
  | 'OTHER_APP';

export type PushReader = {
  /** Whether pushes of this mini program are configured. */
  serves(appId: string): boolean;
  /**
   * Verifies signature and timestamp, which the URL check and every push carry.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
   */
  verify(appId: string, query: URLSearchParams): PushFault | null;
  /** Parses a verified push. */
  read(appId: string, query: URLSearchParams, body: string): PushEvent | PushFault;
};

const MAX_AGE_S = 300;

export function createPushReader(apps: readonly PushApp[], now: Clock = Date.now): PushReader {
  const find = (appId: string) => apps.find((app) => app.appId === appId);

  return {
    serves: (appId) => find(appId) !== undefined,

    verify(appId, query) {
      const [signature = '', timestamp = '', nonce = ''] = ['signature', 'timestamp', 'nonce'].map(
        (name) => query.get(name) ?? '',
      );
      const token = find(appId)?.token;
      if (!token || !isEqualText(pushSignature(token, timestamp, nonce), signature)) return 'FORGED';
      return Math.abs(now() / 1000 - Number(timestamp)) <= MAX_AGE_S ? null : 'EXPIRED';
    },

    read(appId, query, body) {
      const app = find(appId);
      if (!app) return 'FORGED';
      const envelope = parseFields(body);
      const fields = app.aesKey ? openEnvelope({ ...app, aesKey: app.aesKey }, query, envelope) : envelope;
      if (typeof fields === 'string') return fields;
      if (fields.msgtype === undefined) return fields.encrypt === undefined ? 'MALFORMED' : 'KEY_MISSING';
      return (fields.appid ?? appId) === appId ? toEvent(fields) : 'OTHER_APP';
    },
  };
}

/** By name in lower case: WeChat spells OpenID in several ways. */
type Fields = Readonly<Record<string, string | undefined>>;

/** Source: https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes */
function toEvent({ event = '', openid = '', revokeinfo = '', pluginid }: Fields): PushEvent {
  return {
    name: event,
    openId: OPAQUE_ID.test(openid) ? openid : null,
    revoked: revokeinfo.match(/\d+/g) ?? [],
    pluginId: pluginid || null,
  };
}

/** The message of a push in secure mode. */
function openEnvelope(
  { appId, token, aesKey }: PushApp & { aesKey: string },
  query: URLSearchParams,
  { encrypt = '' }: Fields,
): Fields | PushFault {
  const [signature = '', timestamp = '', nonce = ''] = ['msg_signature', 'timestamp', 'nonce'].map(
    (name) => query.get(name) ?? '',
  );
  if (!encrypt || !isEqualText(pushSignature(token, timestamp, nonce, encrypt), signature)) return 'FORGED';
  const decrypted = decryptMessage(encrypt, aesKey);
  return decrypted?.appId === appId ? parseFields(decrypted.text) : 'KEY_WRONG';
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
function parseFields(body: string): Fields {
  try {
    const fields = body.trimStart().startsWith('<')
      ? xmlRoot.parse(xmlParser.parse(body))
      : z.record(z.string(), z.unknown()).parse(JSON.parse(body));
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
        .map(([name, value]) => [name.trim().toLowerCase(), String(value)]),
    );
  } catch {
    return {};
  }
}
