import type { App } from '../app.ts';

/** An error of a response. */
export type TestError = {
  message: string;
  path?: readonly (string | number)[];
  extensions: { code: string; action: string; retryAfter?: number };
};

/** Without an error, `errors` is empty. */
export type TestResult<Data> = { data: Data | null; errors: readonly TestError[] };

/** Sends requests as one user, or as nobody. */
export interface TestClient {
  /** `User.id`; empty without a user. */
  id: string;
  /** The token; undefined without a user. */
  token: string | undefined;
  /** Executes a GraphQL document. */
  request<Data = Record<string, unknown>>(query: string, variables?: object): Promise<TestResult<Data>>;
  /** Sends an HTTP request with the token. @param path such as `/notes/feed` */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export type TestClientOptions = {
  app: Pick<App, 'fetch'>;
  /** The URL of the server without a path. */
  origin(): Promise<string>;
  token?: string;
  id?: string;
};

export function createTestClient({ app, origin, token, id = '' }: TestClientOptions): TestClient {
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    id,
    token,
    async request(query, variables) {
      const response = await app.fetch('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization },
        body: JSON.stringify({ query, variables }),
      });
      return { data: null, errors: [], ...(await response.json()) };
    },
    async fetch(path, init = {}) {
      const headers = new Headers({ ...authorization, ...Object.fromEntries(new Headers(init.headers)) });
      return fetch(`${await origin()}${path}`, { ...init, headers });
    },
  };
}
