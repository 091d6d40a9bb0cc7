import { readConfig } from '../../src/config/config.ts';
import { listen } from '../../src/http/server.ts';
import { type Answer, environment, type Product, readAnswer, startProduct } from './product.ts';

/** The product on a port of its own, spoken to over HTTP. */
export type Server = {
  product: Product;
  port: number;
  url: string;
  /** One POST of a query to /graphql. */
  post<Data>(
    query: string,
    options?: { variables?: unknown; token?: string | undefined; headers?: Record<string, string> },
  ): Promise<Answer<Data>>;
  /** Logs in this person of the sandbox. */
  logIn(name: string): Promise<{ token: string; id: string }>;
  close(): Promise<void>;
};

export async function startServer(databaseUrl: string, more: Record<string, string> = {}): Promise<Server> {
  const product = await startProduct(databaseUrl, more);
  const { http } = readConfig(environment({ DATABASE_URL: databaseUrl, ...more }));
  const listening = await listen(product.app, http);
  const url = `http://127.0.0.1:${listening.port}`;
  return {
    product,
    port: listening.port,
    url,
    async post(query, { variables, token, headers } = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      return readAnswer(response);
    },
    async logIn(name) {
      const { data } = await product.login(`dev:${name}`);
      if (!data) throw new Error('no data');
      return { token: data.login.token, id: data.login.user.id };
    },
    async close() {
      await listening.close();
      await product.close();
    },
  };
}
