import type { Tokens } from './auth/tokens.ts';
import { readViewer, type Viewer } from './auth/viewer.ts';
import type { Repeats } from './common/single-flight.ts';
import type { Log } from './ops/log.ts';
import type { RateLimits } from './ops/rate-limit.ts';
import type { User, Users } from './storage/users.ts';
import type { WeChat, WeChatApp, WeChatSession } from './wechat/client.ts';
import type { SealOpener } from './wechat/encrypted-data.ts';

/** What the process has, made once by app.ts. */
export type Services = {
  /** The mini programs that are served; the first is the default. */
  apps: readonly [WeChatApp, ...WeChatApp[]];
  wechat: WeChat;
  seals: SealOpener;
  /** What came of the codes of the last seconds. */
  repeats: Repeats<
    WeChatSession & { newId: string },
    { userId: string; tokenVersion: number; isNewUser: boolean }
  >;
  users: Users;
  tokens: Tokens;
  limits: RateLimits;
  log: Log;
};

/** What is known of a request beside its text. */
export type Connection = {
  requestId: string;
  /** Where the client is, as an IP address; with TRUST_PROXY as the proxy says. */
  address: string;
};

/** What resolvers work with, made for each request. */
export type Context = Services & {
  connection: Connection;
  /** The header of that name, as it was sent. */
  idempotencyKey: string | null;
  /** Who asks; found out at the first call, so that `login` never minds a stale token. */
  viewer(): Promise<Viewer<User>>;
  /** The same once it was found out, for those who can't wait. */
  knownViewer(): Viewer<User> | undefined;
};

export function createContext(services: Services, connection: Connection, headers: Headers): Context {
  let asked: Promise<Viewer<User>> | undefined;
  let known: Viewer<User> | undefined;
  const ask = async () => {
    known = await readViewer(headers.get('authorization'), services.tokens, services.users.byId);
    return known;
  };
  return {
    ...services,
    connection,
    idempotencyKey: headers.get('idempotency-key'),
    viewer: () => {
      asked ??= ask();
      return asked;
    },
    knownViewer: () => known,
  };
}
