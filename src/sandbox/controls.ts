import { encrypt, signRawData } from './encrypt.ts';
import { FAULT_NAMES, isFaultName } from './faults.ts';
import { sendPush } from './send-push.ts';
import { fields, type Handler, post, type Routes, usageError } from './serve.ts';
import { NAME, openIdOf, type Person, phoneOf, type State, setBounded, unionIdOf } from './state.ts';

/** Codes are kept this long, so that an expired one gets its own errcode. */
const CODE_RETENTION_MS = 10 * 60_000;
const USER_HINT =
  'at most 64 letters, digits, dots and dashes; add "appId" for a mini program other than the first.';

/** The API under /sandbox/, by which tests control the sandbox. */
export function createControls(state: State): Routes {
  const issueCode =
    (purpose: 'login' | 'phone'): Handler =>
    ({ body }) => {
      const person = personOf(state, body);
      if (!person) return usageError(`Send {"user": "NAME"}: ${USER_HINT}`);
      for (const [code, { issuedAt }] of state.codes)
        if (state.now() - issuedAt > CODE_RETENTION_MS) state.codes.delete(code);
      const code = state.random(24).toString('base64url');
      setBounded(state.codes, code, { ...person, purpose, issuedAt: state.now(), used: false });
      return { body: { code } };
    };

  const changeUser: Handler = ({ body }) => {
    const { user, unionid, keepSessionKey, phone, countryCode = '86' } = fields(body);
    if (typeof user !== 'string' || !NAME.test(user))
      return usageError(`Send {"user": "NAME"}: ${USER_HINT}`);
    if (unionid === true) state.unionUsers.add(user);
    if (unionid === false) state.unionUsers.delete(user);
    if (keepSessionKey === true) state.steadyUsers.add(user);
    if (keepSessionKey === false) state.steadyUsers.delete(user);
    if (phone !== undefined)
      setBounded(state.phones, user, { countryCode: String(countryCode), number: String(phone) });
    return { body: { user, unionid: state.unionUsers.has(user), phone: phoneOf(state, user).number } };
  };

  const encryptData: Handler = ({ body }) => {
    const { kind, data, profile } = fields(body);
    const person = personOf(state, body);
    const createContent = typeof kind === 'string' && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (!person || !createContent)
      return usageError(
        `Send {"user": "NAME", "kind": "${Object.keys(KINDS).join('" or "')}"}: ${USER_HINT}`,
      );
    const sessionKey = state.sessionKeys.get(person.openId);
    if (sessionKey === undefined) return usageError('The user has no session_key: log in first.');
    const now = { timestamp: Math.floor(state.now() / 1000), appid: person.appId };
    const { watermark = now, ...changes } = fields(data);
    const content = { ...createContent(state, person, profile === 'placeholder'), ...changes };
    const encrypted = encrypt({ ...content, watermark }, sessionKey, state.random(16));
    if (kind !== 'userInfo') return { body: encrypted };
    const { openId: _openId, unionId: _unionId, ...userInfo } = content;
    const rawData = JSON.stringify(userInfo);
    return { body: { userInfo, rawData, signature: signRawData(rawData, sessionKey), ...encrypted } };
  };

  const addFaults: Handler = ({ body }) => {
    const { path, fault, times = 1 } = fields(body);
    const isKnown = typeof fault === 'string' && (isFaultName(fault) || /^(text-|-)?\d{1,9}$/.test(fault));
    if (typeof path !== 'string' || !isKnown || !Number.isInteger(times))
      return usageError(
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
      return usageError(
        'Send {"whitelisted": true or false}; add "appId" for a mini program other than the first.',
      );
    if (whitelisted) state.notWhitelisted.delete(appId);
    else state.notWhitelisted.add(appId);
    return { body: { appId, whitelisted } };
  };

  const changeLimit: Handler = ({ body }) => {
    const { userCallsPerMinute } = fields(body);
    if (userCallsPerMinute !== null && typeof userCallsPerMinute !== 'number')
      return usageError('Send {"userCallsPerMinute": 100}, or null for no limit.');
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
    return person ? sendPush(state, person, fields(body)) : usageError(`Send {"user": "NAME"}: ${USER_HINT}`);
  };

  return {
    '/sandbox/codes': post(issueCode('login')),
    '/sandbox/phone-codes': post(issueCode('phone')),
    '/sandbox/users': post(changeUser),
    '/sandbox/encrypted': post(encryptData),
    '/sandbox/pushes': post(push),
    '/sandbox/faults': post(addFaults),
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

/** What WeChat encrypts, by kind. */
const KINDS: Readonly<Record<string, Kind>> = {
  /** wx.getUserInfo and wx.getUserProfile, in their field order. */
  userInfo: ({ unionUsers }, { user, openId }, placeholder) => ({
    openId,
    nickName: placeholder ? '微信用户' : `${user} 🐳`,
    gender: placeholder ? 0 : 1,
    language: placeholder ? '' : 'zh_CN',
    city: placeholder ? '' : 'Guangzhou',
    province: placeholder ? '' : 'Guangdong',
    country: placeholder ? '' : 'China',
    avatarUrl: `https://thirdwx.qlogo.cn/mmopen/vi_32/${placeholder ? PLACEHOLDER_AVATAR : 'sandbox'}/132`,
    ...(placeholder ? { is_demote: true } : {}),
    ...(unionUsers.has(user) ? { unionId: unionIdOf(user) } : {}),
  }),
  /** The getPhoneNumber button of base libraries below 2.21.2. */
  phone: (state, { user }) => {
    const { countryCode, number } = phoneOf(state, user);
    const full = countryCode === '86' ? number : `${countryCode}${number}`;
    return { phoneNumber: full, purePhoneNumber: number, countryCode };
  },
  /** wx.getWeRunData: 30 days up to today, each as its midnight in China. */
  run: ({ now }) => {
    const today = Math.floor((now() / 1000 + CHINA_OFFSET_S) / DAY_S);
    return {
      stepInfoList: Array.from({ length: 30 }, (_, day) => ({
        timestamp: (today - 29 + day) * DAY_S - CHINA_OFFSET_S,
        step: 1000 + day,
      })),
    };
  },
  /** wx.getShareInfo and wx.getGroupEnterInfo. */
  group: () => ({ openGId: 'tGDzk5LcXl9XOvWFVVs7n_sandbox' }),
};

const DAY_S = 86_400;
/** China is at UTC+8 all year. */
const CHINA_OFFSET_S = 8 * 3600;

const PLACEHOLDER_AVATAR =
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';
