import { unavailable } from './wechat-error.ts';

/** The access_tokens of the mini programs. They leave this process in requests to WeChat only. */
export type AccessTokens<App> = {
  /**
   * A token with at least five minutes left; with less while WeChat gives no other.
   * @throws {WeChatError}
   */
  current(app: App): Promise<string>;
  /**
   * Another token than this one, which WeChat has refused.
   * @throws {WeChatError} also when the only way to one would be a second forced renewal within the hour
   */
  replacing(app: App, refused: string): Promise<string>;
};

export type IssuedToken = { token: string; expiresInSeconds: number };

/** stable_token hands out the next token so early, while the old one is still good. */
const EARLY_MS = 300_000;
/** WeChat allows 20 forced renewals a day, for all processes together. */
const FORCE_EVERY_MS = 3_600_000;

/** @param issue asks stable_token, which answers the same token to every process while it is good */
export function createAccessTokens<App extends { appId: string }>(
  issue: (app: App, force: boolean) => Promise<IssuedToken>,
  now: () => number,
): AccessTokens<App> {
  const known = new Map<string, { token: string; endsAt: number }>();
  const asking = new Map<string, Promise<string>>();
  const replacements = new Map<string, Promise<string>>();
  const forcedAt = new Map<string, number>();

  const ask = (app: App): Promise<string> => shared(asking, app.appId, () => renew(app, false));

  const renew = async (app: App, force: boolean): Promise<string> => {
    const { token, expiresInSeconds } = await issue(app, force);
    known.set(app.appId, { token, endsAt: now() + expiresInSeconds * 1000 });
    return token;
  };

  const replace = async (app: App, refused: string): Promise<string> => {
    const next = await ask(app);
    if (next !== refused) return next;
    if (now() - (forcedAt.get(app.appId) ?? 0) < FORCE_EVERY_MS)
      throw unavailable('stable_token', 'the access_token was refused and no other is to be had', {
        remedy: 'WeChat refuses the access_token that it hands out: look at mp.weixin.qq.com',
      });
    forcedAt.set(app.appId, now());
    return renew(app, true);
  };

  return {
    async current(app) {
      const { token, endsAt } = known.get(app.appId) ?? { token: '', endsAt: 0 };
      if (now() < endsAt - EARLY_MS) return token;
      return ask(app).catch((error: unknown) => {
        if (now() < endsAt) return token;
        throw error;
      });
    },

    async replacing(app, refused) {
      const token = known.get(app.appId);
      if (token && token.token !== refused) return token.token;
      return shared(replacements, `${app.appId} ${refused}`, () => replace(app, refused));
    },
  };
}

/** All who ask while an answer is under way get that one. */
function shared(
  flights: Map<string, Promise<string>>,
  key: string,
  run: () => Promise<string>,
): Promise<string> {
  const flight = flights.get(key) ?? run().finally(() => flights.delete(key));
  flights.set(key, flight);
  return flight;
}
