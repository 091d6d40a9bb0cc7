import { describe, expect, test } from 'vitest';
import { encryptPush } from '../src/sandbox/encrypt.ts';
import { createPushReader } from '../src/wechat/push-messages.ts';
import { pushSignature } from '../src/wechat/signature.ts';
import { PUSH_AES_KEY, PUSH_TOKEN } from './support/canaries.ts';
import { APP_ID, SECOND_APP_ID } from './support/product.ts';

const OPENID = 'oUpO90f_abc-DEF0123456789abc';
const NOW_S = 1_700_000_000;
const reader = createPushReader(
  [
    { appId: APP_ID, token: PUSH_TOKEN },
    { appId: SECOND_APP_ID, token: PUSH_TOKEN, aesKey: PUSH_AES_KEY },
  ],
  () => NOW_S * 1000,
);

function signed(timestamp: string, nonce = '42'): URLSearchParams {
  return new URLSearchParams({ signature: pushSignature(PUSH_TOKEN, timestamp, nonce), timestamp, nonce });
}
const read = (body: string) => reader.read(APP_ID, new URLSearchParams(), body);

test.each([
  [-300, null],
  [-301, 'EXPIRED'],
  [300, null],
  [301, 'EXPIRED'],
])('a timestamp %i seconds from now: %s', (seconds, fault) => {
  expect(reader.verify(APP_ID, signed(String(NOW_S + seconds)))).toBe(fault);
});

test.each(['', 'soon'])('the timestamp %j is expired, even if it is signed', (timestamp) => {
  expect(reader.verify(APP_ID, signed(timestamp))).toBe('EXPIRED');
});

test('pushes of a mini program that is not served, or without a signature, are forged', () => {
  const query = signed(String(NOW_S));
  expect(reader.serves('wx0000000000000000')).toBe(false);
  expect(reader.verify('wx0000000000000000', query)).toBe('FORGED');
  expect(reader.read('wx0000000000000000', query, '{"MsgType":"event"}')).toBe('FORGED');
  query.set('signature', pushSignature(String(NOW_S), '42'));
  expect(reader.verify('wx0000000000000000', query)).toBe('FORGED');
  query.delete('signature');
  expect(reader.verify(APP_ID, query)).toBe('FORGED');
  expect(reader.verify(APP_ID, new URLSearchParams())).toBe('FORGED');
});

test('a plain push to a mini program in secure mode is forged, even if the empty ciphertext is signed', () => {
  const query = signed(String(NOW_S));
  query.set('msg_signature', query.get('signature') ?? '');
  expect(reader.read(SECOND_APP_ID, query, '{"MsgType":"event"}')).toBe('FORGED');
});

test.each([
  ['with another key', SECOND_APP_ID, 'B'.repeat(43)],
  ['for another mini program', APP_ID, PUSH_AES_KEY],
])('a signed message that is encrypted %s has the wrong key', (_, appId, aesKey) => {
  const encrypt = encryptPush('{"MsgType":"event"}', appId, aesKey, Buffer.alloc(16));
  const [timestamp, nonce] = [String(NOW_S), '42'];
  const signature = pushSignature(PUSH_TOKEN, timestamp, nonce, encrypt);
  const query = new URLSearchParams({ msg_signature: signature, timestamp, nonce });
  expect(reader.read(SECOND_APP_ID, query, JSON.stringify({ Encrypt: encrypt }))).toBe('KEY_WRONG');
});

describe('an event', () => {
  const EVENT = { name: 'user_info_modified', openId: OPENID, revoked: ['6', '8'], pluginId: null };
  const fields = { MsgType: 'event', Event: EVENT.name, OpenID: OPENID, RevokeInfo: '6,8' };

  test.each<[string, object, object]>([
    [
      'with the names in lower case',
      { msgtype: 'event', event: EVENT.name, openid: OPENID, revokeinfo: '6,8' },
      {},
    ],
    ['with spaces around a name', { ...fields, Event: undefined, ' Event ': EVENT.name }, {}],
    ['with a number', { ...fields, RevokeInfo: 6 }, { revoked: ['6'] }],
    ['with its own AppID', { ...fields, AppID: APP_ID }, {}],
    ['without RevokeInfo', { ...fields, RevokeInfo: undefined }, { revoked: [] }],
    ['of a plug-in', { ...fields, PluginID: 'wx7777777777777777' }, { pluginId: 'wx7777777777777777' }],
    ['with an empty PluginID', { ...fields, PluginID: '' }, {}],
    ['with something else as openid', { ...fields, OpenID: 'short' }, { openId: null }],
    ['with a list as openid', { ...fields, OpenID: [OPENID] }, { openId: null }],
  ])('%s is read', (_, json, differs) => {
    expect(read(JSON.stringify(json))).toEqual({ ...EVENT, ...differs });
  });

  test.each<[string, unknown, string]>([
    ['of another mini program', { ...fields, AppID: SECOND_APP_ID }, 'OTHER_APP'],
    ['whose MsgType is not text', { ...fields, MsgType: {} }, 'MALFORMED'],
    ['without MsgType', { ...fields, MsgType: undefined }, 'MALFORMED'],
    ['that is encrypted', { Encrypt: 'x' }, 'KEY_MISSING'],
  ])('%s is rejected', (_, json, fault) => {
    expect(read(JSON.stringify(json))).toBe(fault);
  });

  const xml = (content: string) => `<xml><MsgType>event</MsgType>${content}</xml>`;
  const NONE = { name: '', openId: null, revoked: [], pluginId: null };

  test('in XML is text: no numbers, no entities', () => {
    expect(read(xml('<PluginID>007</PluginID>'))).toEqual({ ...NONE, pluginId: '007' });
    expect(read(xml('<Event>a&lt;b</Event>'))).toEqual({ ...NONE, name: 'a&lt;b' });
  });

  test('in XML may begin after white space', () => {
    expect(read(` \n${xml('<Event>x</Event>')}`)).toEqual({ ...NONE, name: 'x' });
  });
});
