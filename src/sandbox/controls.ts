import { seal, sign } from './encrypt.ts';
import { FAULT_NAMES, isFaultName } from './faults.ts';
import { sendPush } from './send-push.ts';
import { fields, type Handler, mistake, post, type Routes } from './serve.ts';
import { keep, openIdOf, type Person, phoneOf, type State, unionIdOf } from './state.ts';

const NAME = /^[\w.-]{1,64}$/;
const KEPT_CODE_MS = 10 * 60_000;
const NO_USER = 'letters, digits, dot, dash, at most 64; "appId" if it is not the first.';

/** The controls under /sandbox/, for whoever tests against it. */
export function createControls(state: State): Routes {
  const mint =
    (purpose: 'login' | 'phone'): Handler =>
    ({ body }) => {
      const person = personOf(state, body);
      if (!person) return mistake(`Send {"user": "NAME"}: ${NO_USER}`);
      for (const [code, { mintedAt }] of state.codes)
        if (state.now() - mintedAt > KEPT_CODE_MS) state.codes.delete(code);
      const code = state.random(24).toString('base64url');
      keep(state.codes, code, { ...person, purpose, mintedAt: state.now(), used: false });
      return { body: { code } };
    };

  const changeUser: Handler = ({ body }) => {
    const { user, unionid, keepSessionKey, phone, countryCode = '86' } = fields(body);
    if (typeof user !== 'string' || !NAME.test(user)) return mistake(`Send {"user": "NAME"}: ${NO_USER}`);
    if (unionid === true) state.unionUsers.add(user);
    if (unionid === false) state.unionUsers.delete(user);
    if (keepSessionKey === true) state.steadyUsers.add(user);
    if (keepSessionKey === false) state.steadyUsers.delete(user);
    if (phone !== undefined)
      keep(state.phones, user, { countryCode: String(countryCode), number: String(phone) });
    return { body: { user, unionid: state.unionUsers.has(user), phone: phoneOf(state, user).number } };
  };

  const encrypt: Handler = ({ body }) => {
    const { kind, data, profile } = fields(body);
    const person = personOf(state, body);
    const make = typeof kind === 'string' && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (!person || !make)
      return mistake(`Send {"user": "NAME", "kind": "${Object.keys(KINDS).join('" or "')}"}: ${NO_USER}`);
    const sessionKey = state.sessionKeys.get(person.openId);
    if (sessionKey === undefined) return mistake('This person has no session_key: log in first.');
    const now = { timestamp: Math.floor(state.now() / 1000), appid: person.appId };
    const { watermark = now, ...changes } = fields(data);
    const content = { ...make(state, person, profile === 'placeholder'), ...changes };
    const sealed = seal({ ...content, watermark }, sessionKey, state.random(16));
    if (kind !== 'userInfo') return { body: sealed };
    const { openId: _openId, unionId: _unionId, ...userInfo } = content;
    const rawData = JSON.stringify(userInfo);
    return { body: { userInfo, rawData, signature: sign(rawData, sessionKey), ...sealed } };
  };

  const orderFault: Handler = ({ body }) => {
    const { path, fault, times = 1 } = fields(body);
    const known = typeof fault === 'string' && (isFaultName(fault) || /^(text-|-)?\d{1,9}$/.test(fault));
    if (typeof path !== 'string' || !known || !Number.isInteger(times))
      return mistake(
        `Send {"path": "/cgi-bin/stable_token", "fault": "…", "times": 1}; a fault is an errcode or one of ${FAULT_NAMES.join(', ')}.`,
      );
    const count = Math.min(Number(times), 10_000);
    state.faults.set(path, [
      ...(state.faults.get(path) ?? []),
      ...Array.from({ length: count }, () => fault),
    ]);
    return { body: { path, fault, times: count } };
  };

  const changeApp: Handler = ({ body }) => {
    const { appId = state.apps[0]?.appId, whitelisted } = fields(body);
    if (typeof appId !== 'string' || typeof whitelisted !== 'boolean')
      return mistake('Send {"whitelisted": true or false}; "appId" if it is not the first.');
    if (whitelisted) state.closedApps.delete(appId);
    else state.closedApps.add(appId);
    return { body: { appId, whitelisted } };
  };

  const changeLimit: Handler = ({ body }) => {
    const { userCallsPerMinute } = fields(body);
    if (userCallsPerMinute !== null && typeof userCallsPerMinute !== 'number')
      return mistake('Send {"userCallsPerMinute": 100}, or null for no limit.');
    state.userCallsPerMinute = userCallsPerMinute ?? Number.POSITIVE_INFINITY;
    return { body: { userCallsPerMinute } };
  };

  const listCalls: Handler = ({ query }) => {
    const [path, code] = [query.get('path'), query.get('code')];
    const calls = state.calls.filter(
      (call) => (path === null || call.path === path) && (code === null || call.code === code),
    );
    return { body: { count: calls.length, calls } };
  };

  const push: Handler = ({ body }) => {
    const person = personOf(state, body);
    return person ? sendPush(state, person, fields(body)) : mistake(`Send {"user": "NAME"}: ${NO_USER}`);
  };

  return {
    '/sandbox/codes': post(mint('login')),
    '/sandbox/phone-codes': post(mint('phone')),
    '/sandbox/users': post(changeUser),
    '/sandbox/encrypted': post(encrypt),
    '/sandbox/pushes': post(push),
    '/sandbox/faults': post(orderFault),
    '/sandbox/apps': post(changeApp),
    '/sandbox/limits': post(changeLimit),
    '/sandbox/calls': listCalls,
  };
}

function personOf({ apps }: State, body: unknown): Person | undefined {
  const { user, appId = apps[0]?.appId } = fields(body);
  if (typeof user !== 'string' || !NAME.test(user) || typeof appId !== 'string') return undefined;
  return { user, appId, openId: openIdOf(appId, user) };
}

type Kind = (state: State, person: Person, placeholder: boolean) => Record<string, unknown>;

/** What WeChat encrypts for a phone, by the API that gives it. */
const KINDS: Readonly<Record<string, Kind>> = {
  /** wx.getUserInfo and wx.getUserProfile, in the order of the fields there. */
  userInfo: ({ unionUsers }, { user, openId }, placeholder) => ({
    openId,
    nickName: placeholder ? '微信用户' : `${user} 🐳`,
    gender: placeholder ? 0 : 1,
    language: placeholder ? '' : 'zh_CN',
    city: placeholder ? '' : 'Guangzhou',
    province: placeholder ? '' : 'Guangdong',
    country: placeholder ? '' : 'China',
    avatarUrl: `https://thirdwx.qlogo.cn/mmopen/vi_32/${placeholder ? GREY_AVATAR : 'sandbox'}/132`,
    ...(placeholder ? { is_demote: true } : {}),
    ...(unionUsers.has(user) ? { unionId: unionIdOf(user) } : {}),
  }),
  /** The getPhoneNumber button of base libraries below 2.21.2. */
  phone: (state, { user }) => {
    const { countryCode, number } = phoneOf(state, user);
    const full = countryCode === '86' ? number : `${countryCode}${number}`;
    return { phoneNumber: full, purePhoneNumber: number, countryCode };
  },
  /** wx.getWeRunData: 30 days up to today. */
  run: ({ now }) => ({
    stepInfoList: Array.from({ length: 30 }, (_, day) => ({
      timestamp: Math.floor(now() / 86_400_000 - 29 + day) * 86_400,
      step: 1000 + day,
    })),
  }),
  /** wx.getShareInfo and wx.getGroupEnterInfo. */
  group: () => ({ openGId: 'tGDzk5LcXl9XOvWFVVs7n_sandbox' }),
};

const GREY_AVATAR =
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';
