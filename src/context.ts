import type { IncomingHttpHeaders } from 'node:http';
import DataLoader from 'dataloader';
import type { Tokens } from './auth/tokens.ts';
import { readViewer, type Viewer } from './auth/viewer.ts';
import type { SingleFlight } from './common/single-flight.ts';
import type { Log } from './ops/log.ts';
import type { RateLimits } from './ops/rate-limit.ts';
import type { User, Users } from './storage/user-types.ts';
import type { WeChat, WeChatApp } from './wechat/client.ts';
import type { DataDecryptor } from './wechat/encrypted-data.ts';
import type { WeChatSession } from './wechat/payloads.ts';
import type { WeChatPhone } from './wechat/phone-info.ts';

/** Shared by all requests; created once by app.ts. */
export interface Services {
  /** The mini programs of this server; the first is the default. */
  apps: readonly [WeChatApp, ...WeChatApp[]];
  wechat: WeChat;
  decryptor: DataDecryptor;
  repeats: Repeats;
  users: Users;
  tokens: Tokens;
  limits: RateLimits;
  log: Log;
}

/** Results of recent requests, so that a repeated one does not send its code to WeChat again. Per process. */
export interface Repeats {
  /** By AppID, code and Idempotency-Key; forgotten when the login succeeds. */
  sessions: SingleFlight<WeChatSession & { newId: string }>;
  /** By AppID, code and Idempotency-Key. */
  logins: SingleFlight<{ userId: string; tokenVersion: number; isNewUser: boolean }>;
  /** By AppID, openid and code. */
  phones: SingleFlight<WeChatPhone>;
  /** By user and encrypted phone number: the number that was bound with it. */
  encryptedPhones: SingleFlight<string>;
  /** By AppID, openid and session_key: whether WeChat says that it is current. */
  sessionChecks: SingleFlight<boolean>;
}

/** The connection that a request came on. */
export interface Connection {
  requestId: string;
  /** The IP address of the client, according to TRUST_PROXY. */
  address: string;
}

/** Available to resolvers; created for each request. */
export interface Context extends Services {
  connection: Connection;
  /** Adds the request id to each line. */
  log: Log;
  /** The Idempotency-Key header as sent. */
  idempotencyKey: string | null;
  /** Authenticates the request at the first call, so that `login` ignores a stale token. */
  viewer(): Promise<Viewer<User>>;
  /** The users with this unionid, oldest first. Calls of one turn share a statement. */
  linkedUsers(unionId: string): Promise<User[]>;
  /** The viewer if `viewer()` has finished. */
  knownViewer(): Viewer<User> | undefined;
  /** Says which user the request turned out to be from, for the log. */
  identify(user: Pick<User, 'id' | 'appId'>): void;
  /** The user of the token, or of the login. */
  identity(): Pick<User, 'id' | 'appId'> | undefined;
}

export function createContext(
  services: Services,
  connection: Connection,
  headers: IncomingHttpHeaders,
): Context {
  let log: Log | undefined;
  let pending: Promise<Viewer<User>> | undefined;
  let known: Viewer<User> | undefined;
  let identity: Pick<User, 'id' | 'appId'> | undefined;
  let byUnionId: DataLoader<string, User[]> | undefined;

  async function authenticate(): Promise<Viewer<User>> {
    known = await readViewer(headers.authorization ?? null, services.tokens, services.users.byId);
    identity ??= known.user;
    return known;
  }

  return {
    ...services,
    get log() {
      log ??= services.log.child({ requestId: connection.requestId });
      return log;
    },
    connection,
    idempotencyKey: headers['idempotency-key']?.toString() ?? null,
    viewer() {
      pending ??= authenticate();
      return pending;
    },
    linkedUsers(unionId) {
      byUnionId ??= createUnionIdLoader(services.users);
      return byUnionId.load(unionId);
    },
    knownViewer: () => known,
    identify(user) {
      identity = user;
    },
    identity: () => identity,
  };
}

function createUnionIdLoader({ byUnionIds }: Pick<Users, 'byUnionIds'>): DataLoader<string, User[]> {
  return new DataLoader(async (unionIds) => {
    const users = await byUnionIds(unionIds);
    return unionIds.map((unionId) => users.filter((user) => user.unionId === unionId));
  });
}
