import type { Clock } from '../common/clock.ts';
import { createSingleFlight } from '../common/single-flight.ts';
import { unavailableError } from './wechat-error.ts';

/** The access_tokens of the mini programs. They are sent to WeChat only. */
export type AccessTokens<App> = {
  /**
   * A token that is valid for at least five minutes; if the refresh fails, the old one until it expires.
   * @throws {WeChatError}
   */
  current(app: App): Promise<string>;
  /**
   * Replaces a token that WeChat rejected.
   * @throws {WeChatError} also if that needs a second forced refresh within six hours
   */
  replace(app: App, rejected: string): Promise<string>;
};

export type IssuedToken = { token: string; expiresInSeconds: number };

/** stable_token issues the next token this early, while the old one is still valid. */
const REFRESH_EARLY_MS = 300_000;
/** WeChat allows 20 forced refreshes a day for all processes together, so each process makes at most 4. */
const FORCE_INTERVAL_MS = 6 * 3_600_000;
/** A forced refresh within 30 seconds of another, of any process, returns the same token. */
const FORCE_SPACING_MS = 30_000;

/** @param issue calls stable_token, which returns the same token to every process while it is valid */
export function createAccessTokens<App extends { appId: string }>(
  issue: (app: App, force: boolean) => Promise<IssuedToken>,
  now: Clock,
): AccessTokens<App> {
  const cached = new Map<string, { token: string; expiresAt: number }>();
  /** When the next forced refresh is possible. */
  const nextForced = new Map<string, number>();
  const refreshes = createSingleFlight<string>({ ttlMs: 0, now });
  const replacements = createSingleFlight<string>({ ttlMs: 0, now });

  async function issueAndCache(app: App, force: boolean): Promise<string> {
    const { token, expiresInSeconds } = await issue(app, force);
    cached.set(app.appId, { token, expiresAt: now() + expiresInSeconds * 1000 });
    return token;
  }

  function refresh(app: App): Promise<string> {
    return refreshes.run([app.appId], () => issueAndCache(app, false));
  }

  async function forceRefresh(app: App, rejected: string): Promise<string> {
    const next = await refresh(app);
    if (next !== rejected) return next;
    if (now() < (nextForced.get(app.appId) ?? 0))
      throw unavailableError('stable_token', 'the access_token was rejected and cannot be replaced yet', {
        remedy: 'WeChat rejects the access_token that it issued: check the account at mp.weixin.qq.com',
      });
    nextForced.set(app.appId, now() + FORCE_INTERVAL_MS);
    const forced = await issueAndCache(app, true);
    if (forced === rejected) nextForced.set(app.appId, now() + FORCE_SPACING_MS);
    return forced;
  }

  return {
    async current(app) {
      const { token, expiresAt } = cached.get(app.appId) ?? { token: '', expiresAt: 0 };
      if (now() < expiresAt - REFRESH_EARLY_MS) return token;
      return refresh(app).catch((error: unknown) => {
        if (now() < expiresAt) return token;
        throw error;
      });
    },

    async replace(app, rejected) {
      const known = cached.get(app.appId);
      if (known && known.token !== rejected) return known.token;
      return replacements.run([app.appId, rejected], () => forceRefresh(app, rejected));
    },
  };
}
