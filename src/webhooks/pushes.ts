import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../common/clock.ts';
import { createThrottle } from '../common/throttle.ts';
import type { Log } from '../ops/log.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Profile, Users } from '../storage/user-types.ts';
import type { PushEvent, PushFault, PushReader } from '../wechat/push-messages.ts';

export type PushReply = { status: number; text: string };

/** Receives the pushes of WeChat, and erases the data of users who revoked a permission. */
export type Pushes = {
  /** Responds to the check that mp.weixin.qq.com makes when the URL is saved. */
  checkUrl(appId: string, query: URLSearchParams): PushReply;
  /**
   * Erases what the push names, then responds `success`. WeChat resends a push that gets no `success` within five
   * seconds, so a database failure responds 503. What cannot be handled is logged and counted.
   */
  receive(appId: string, query: URLSearchParams, body: string): Promise<PushReply>;
  /** The number of pushes since the start that could not be handled. */
  unhandled(): number;
};

export type PushesOptions = { reader: PushReader; users: Users; log: Log; now?: Clock };

const REPLAY_WINDOW_MS = 15 * 60_000;
/** Anyone can send an invalid push. */
const LOG_INTERVAL_MS = 60_000;
const MAX_SIGNATURES = 10_000;

export function createPushes({ reader, users, log, now = Date.now }: PushesOptions): Pushes {
  /**
   * By signature. In plain mode it does not cover the body, so it is accepted for one event only; a resent push shares
   * the outcome of the first.
   */
  const received = new LRUCache<string, { content: string; outcome: Promise<PushReply> }>({
    max: MAX_SIGNATURES,
    ttl: REPLAY_WINDOW_MS,
    ttlResolution: 0,
    perf: { now },
  });

  const throttle = createThrottle(LOG_INTERVAL_MS, now);
  let unhandled = 0;

  /** Logs without content: at most a line a minute for each mini program and reason. */
  function logUnhandled(appId: string, reason: string, event?: string): void {
    unhandled += 1;
    const suppressed = throttle(`${appId} ${reason}`);
    if (suppressed === null) return;
    const push = { appId, event, reason, suppressed, unhandled };
    log.warn({ push }, 'a push of WeChat could not be handled');
  }

  function reject(appId: string, fault: PushFault): PushReply {
    logUnhandled(appId, fault);
    return FAULT_REPLIES[fault];
  }

  async function applyErasure(appId: string, openId: string, { name, revoked }: PushEvent): Promise<void> {
    const user = await users.byOpenId(appId, openId);
    if (!user) return;
    log.info(
      { push: { appId, event: name, revoked }, userId: user.id },
      "erasing user data at WeChat's request",
    );
    if (name === 'user_authorization_cancellation') {
      if (user.role === 'ADMIN')
        log.warn({ userId: user.id }, 'an admin was erased: grant the role again if needed');
      return users.erase(user);
    }
    const profile = name === 'user_info_modified' ? ERASE_NAME_AND_PICTURE : revokedFields(revoked);
    if (Object.keys(profile).length > 0) await users.updateProfile(user.id, profile);
    if (revoked.includes(REVOKED_PHONE)) await users.setPhone(user.id, null);
  }

  /** A push without an openid would be the same when WeChat sends it again, so it is acknowledged. */
  async function apply(appId: string, event: PushEvent): Promise<void> {
    const { name, openId, pluginId } = event;
    if (!ERASURES.has(name)) return;
    if (pluginId !== null)
      log.info(
        { push: { appId, event: name, pluginId } },
        'a user revoked a permission of a plug-in: nothing to erase',
      );
    else if (openId === null) logUnhandled(appId, 'OPENID_MISSING', name);
    else await applyErasure(appId, openId, event);
  }

  async function handleEvent(appId: string, event: PushEvent, signature: string): Promise<PushReply> {
    try {
      await apply(appId, event);
      return SUCCESS;
    } catch (error) {
      received.delete(signature);
      if (!(error instanceof StorageError)) throw error;
      log.warn({ err: error }, 'a push failed because of the database; WeChat will resend it');
      return RESEND;
    }
  }

  return {
    checkUrl(appId, query) {
      if (!reader.serves(appId)) return UNKNOWN_APP;
      const fault = reader.verify(appId, query);
      return fault ? reject(appId, fault) : { status: 200, text: query.get('echostr') ?? '' };
    },

    async receive(appId, query, body) {
      if (!reader.serves(appId)) {
        logUnhandled('unknown', 'UNKNOWN_APP');
        return UNKNOWN_APP;
      }
      const event = reader.verify(appId, query) ?? reader.read(appId, query, body);
      if (typeof event === 'string') return reject(appId, event);
      const signature = `${appId} ${query.get('signature')}`;
      const content = createHash('sha256').update(JSON.stringify(event)).digest('base64');
      const earlier = received.get(signature);
      if (earlier) return earlier.content === content ? earlier.outcome : reject(appId, 'FORGED');
      const outcome = handleEvent(appId, event, signature);
      received.set(signature, { content, outcome });
      return outcome;
    },

    unhandled: () => unhandled,
  };
}

/** The events that oblige us to erase data. */
const ERASURES = new Set([
  'user_info_modified',
  'user_authorization_revoke',
  'user_authorization_cancellation',
]);

const SUCCESS: PushReply = { status: 200, text: 'success' };
const RESEND: PushReply = { status: 503, text: 'the database is unavailable: send the push again' };
const UNKNOWN_APP: PushReply = {
  status: 404,
  text: 'unknown mini program: WECHAT_PUSH lists those whose pushes are accepted',
};
const FAULT_REPLIES: Record<PushFault, PushReply> = {
  FORGED: {
    status: 403,
    text: 'invalid signature: does the token in WECHAT_PUSH equal that at mp.weixin.qq.com?',
  },
  EXPIRED: { status: 403, text: 'the timestamp is too old: is the clock of the server correct?' },
  KEY_MISSING: {
    status: 403,
    text: 'the push is encrypted, and WECHAT_PUSH has no EncodingAESKey for this mini program: add it',
  },
  KEY_WRONG: {
    status: 403,
    text: 'the push cannot be decrypted: does the EncodingAESKey in WECHAT_PUSH equal that at mp.weixin.qq.com?',
  },
  MALFORMED: { status: 400, text: 'the body is neither the XML nor the JSON of an event' },
  OTHER_APP: { status: 400, text: 'the event is about another mini program than the URL' },
};

/** user_info_modified: WeChat removed the nickname or picture as a risk. */
const ERASE_NAME_AND_PICTURE: Profile = { nickName: null, avatarUrl: null };

/** Values of RevokeInfo. */
const REVOKED_NAME_AND_PICTURE = '6';
const REVOKED_PHONE = '8';
const REVOKED_NAME = '19';
const REVOKED_PICTURE = '20';

function revokedFields(revoked: readonly string[]): Profile {
  const isRevoked = (...values: string[]) => values.some((value) => revoked.includes(value));
  return {
    ...(isRevoked(REVOKED_NAME_AND_PICTURE, REVOKED_NAME) ? { nickName: null } : {}),
    ...(isRevoked(REVOKED_NAME_AND_PICTURE, REVOKED_PICTURE) ? { avatarUrl: null } : {}),
  };
}
