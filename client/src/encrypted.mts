import type { Client } from './types.mts';

/** Gets data with `read`, sends it with `send`, and returns the result of `send`. */
export type SendEncrypted = <Data, Result>(
  read: () => PromiseLike<Data>,
  send: (data: Data) => PromiseLike<Result>,
) => Promise<Result>;

/**
 * Returns a function that reads and sends encrypted data, such as that of wx.getWeRunData. WeChat encrypts it with the
 * session_key of the last wx.login, so the order is: login, unless there is a session; `read`; `send`. If the
 * session_key has changed, it logs in, reads and sends once more. Calls run one after the other.
 *
 * `read` must return new data on every call. Neither function may call wx.login. The result rejects with their error, or
 * with the RequestError of the login.
 */
export function createEncryptedSender(
  client: Pick<Client, 'ensureSession' | 'login' | 'session'>,
): SendEncrypted {
  let previous: Promise<unknown> = Promise.resolve();

  return (read, send) => {
    const attempt = () => Promise.resolve(read()).then(send);

    const run = () =>
      client.ensureSession().then((session) =>
        attempt().catch((error) => {
          const { code } = Object(error);
          // After a login in between, the server has the new session_key and rejects the old data as invalid.
          const isStale =
            code === 'WECHAT_SESSION_STALE' || (code === 'BAD_USER_INPUT' && client.session() !== session);
          if (!isStale) throw error;
          return client.login().then(attempt);
        }),
      );

    const result = previous.then(run, run);
    previous = result;
    return result;
  };
}
