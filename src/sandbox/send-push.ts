import { encryptPush, signPush } from './encrypt.ts';
import { type SandboxResponse, usageError } from './serve.ts';
import type { Person, State } from './state.ts';

const TIMEOUT_MS = 5000;
const LOOPBACK = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\//;

/**
 * Sends an event to a server as WeChat does, in secure mode if `aesKey` is given, and returns its response. Set
 * `timestamp`, `nonce` or `signature` for an old or forged push; `openId: null` for one without OpenID,
 * `openIdName: "openid"` for the other spelling, `pluginId` for one about a plug-in.
 */
export async function sendPush(
  state: State,
  person: Person,
  given: Record<string, unknown>,
): Promise<SandboxResponse> {
  const { url, token, event, aesKey, format = 'xml', revokeInfo, pluginId, openId = person.openId } = given;
  if (
    typeof url !== 'string' ||
    !LOOPBACK.test(url) ||
    typeof token !== 'string' ||
    typeof event !== 'string'
  )
    return usageError(
      'Send {"user", "event", "token", "url"} with a loopback URL, and "aesKey" for secure mode.',
    );
  const text = formatMessage(format === 'json', {
    ToUserName: 'gh_sandbox00000',
    FromUserName: String(openId ?? person.openId),
    CreateTime: Math.floor(state.now() / 1000),
    MsgType: 'event',
    Event: event,
    ...(openId === null ? {} : { [given.openIdName === 'openid' ? 'openid' : 'OpenID']: String(openId) }),
    AppID: person.appId,
    ...(revokeInfo === undefined ? {} : { RevokeInfo: String(revokeInfo) }),
    ...(pluginId === undefined ? {} : { PluginID: String(pluginId) }),
  });
  const timestamp = String(given.timestamp ?? Math.floor(state.now() / 1000));
  const nonce = String(given.nonce ?? state.random(4).readUInt32BE());
  const query = new URLSearchParams({
    signature: String(given.signature ?? signPush(token, timestamp, nonce)),
    timestamp,
    nonce,
    openid: String(openId ?? person.openId),
  });
  let body = text;
  if (typeof aesKey === 'string') {
    const Encrypt = encryptPush(text, person.appId, aesKey, state.random(16));
    query.set('encrypt_type', 'aes');
    query.set('msg_signature', String(given.signature ?? signPush(token, timestamp, nonce, Encrypt)));
    body = formatMessage(format === 'json', { ToUserName: 'gh_sandbox00000', Encrypt });
  }
  const response = await fetch(`${url}?${query}`, {
    method: 'POST',
    headers: { 'content-type': format === 'json' ? 'application/json' : 'text/xml' },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { body: { status: response.status, body: await response.text() } };
}

function formatMessage(asJson: boolean, message: Record<string, string | number>): string {
  return asJson
    ? JSON.stringify(message)
    : `<xml>${Object.entries(message)
        .map(
          ([name, value]) =>
            `<${name}>${typeof value === 'number' ? value : `<![CDATA[${value}]]>`}</${name}>`,
        )
        .join('')}</xml>`;
}
