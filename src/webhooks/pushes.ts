import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Log } from '../ops/log.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Profile, Users } from '../storage/users.ts';
import type { PushEvent, PushFault, PushReader } from '../wechat/push-messages.ts';

export type PushReply = { status: number; text: string };

/** What WeChat tells the server of a mini program: people who withdraw what they allowed. */
export type Pushes = {
  /** Answers the check of the URL that mp.weixin.qq.com makes when it is set. */
  echo(appId: string, query: URLSearchParams): PushReply;
  /**
   * Erases what a push names, and answers `success` when it is erased. WeChat sends a push again where it gets
   * no `success` within five seconds, so a failing database answers 503.
   */
  receive(appId: string, query: URLSearchParams, body: string): Promise<PushReply>;
};

export type PushesOptions = { reader: PushReader; users: Users; log: Log; now?: () => number };

const REMEMBERED_MS = 15 * 60_000;
const MAX_REMEMBERED = 10_000;

export function createPushes({ reader, users, log, now = Date.now }: PushesOptions): Pushes {
  /**
   * What became of a signature. It covers timestamp and nonce but, in plain mode, nothing of the body: so it is
   * good for one event, and WeChat's own second try of that shares the outcome of the first.
   */
  const seen = new LRUCache<string, { content: string; outcome: Promise<PushReply> }>({
    max: MAX_REMEMBERED,
    ttl: REMEMBERED_MS,
    ttlResolution: 0,
    perf: { now },
  });

  const obey = async (appId: string, { event, openId, revoked }: PushEvent): Promise<void> => {
    const user = await users.byOpenId(appId, openId);
    if (!user) return;
    log.info({ push: event, revoked, userId: user.id }, 'erasing what WeChat asked for');
    if (event === 'user_authorization_cancellation') return users.remove(user.id);
    const profile = event === 'user_info_modified' ? RISKY : erasedBy(revoked);
    if (Object.keys(profile).length > 0) await users.updateProfile(user.id, profile);
    if (revoked.includes(PHONE)) await users.setPhone(user.id, null);
  };

  return {
    echo(appId, query) {
      if (!reader.serves(appId)) return UNKNOWN;
      const fault = reader.check(appId, query);
      return fault ? FAULTS[fault] : { status: 200, text: query.get('echostr') ?? '' };
    },

    async receive(appId, query, body) {
      if (!reader.serves(appId)) return UNKNOWN;
      const event = reader.check(appId, query) ?? reader.read(appId, query, body);
      if (typeof event === 'string') return FAULTS[event];
      const signature = `${appId} ${query.get('signature')}`;
      const content = createHash('sha256').update(JSON.stringify(event)).digest('base64');
      const before = seen.get(signature);
      if (before) return before.content === content ? before.outcome : FAULTS.FORGED;
      const outcome = (event ? obey(appId, event) : Promise.resolve()).then(
        () => SUCCESS,
        (error: unknown) => {
          seen.delete(signature);
          if (!(error instanceof StorageError)) throw error;
          log.warn({ err: error }, 'a push waits for the database');
          return LATER;
        },
      );
      seen.set(signature, { content, outcome });
      return outcome;
    },
  };
}

const SUCCESS: PushReply = { status: 200, text: 'success' };
const LATER: PushReply = { status: 503, text: 'the database does not answer: send it again' };
const UNKNOWN: PushReply = {
  status: 404,
  text: 'no such mini program here: WECHAT_PUSH names those that take pushes',
};
const FAULTS: Record<PushFault, PushReply> = {
  FORGED: {
    status: 403,
    text: 'the signature is not right: is the token of WECHAT_PUSH that of mp.weixin.qq.com?',
  },
  OLD: { status: 403, text: 'the timestamp is too old: is the clock right?' },
  MALFORMED: { status: 400, text: 'the body is neither the XML nor the JSON of an event' },
};

/** WeChat found name or picture to be a risk and has taken them away. */
const RISKY: Profile = { nickName: null, avatarUrl: null };

const PHONE = '8';

/** Numbers of RevokeInfo for what is stored here: 6 name and picture, 19 a typed name, 20 a chosen picture. */
function erasedBy(revoked: readonly string[]): Profile {
  return {
    ...(revoked.includes('6') || revoked.includes('19') ? { nickName: null } : {}),
    ...(revoked.includes('6') || revoked.includes('20') ? { avatarUrl: null } : {}),
  };
}
