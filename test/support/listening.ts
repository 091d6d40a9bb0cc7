import { readConfig } from '../../src/config/config.ts';
import { type HttpServer, listen } from '../../src/http/server.ts';
import { environment, type Product } from './product.ts';

/** Puts the product on a free port of this machine, as its configuration would, without GraphiQL. */
export function listening(product: Product, more: { graphiql?: boolean } = {}): Promise<HttpServer> {
  return listen(product.app, { ...readConfig(environment()).http, port: 0, graphiql: false, ...more });
}
