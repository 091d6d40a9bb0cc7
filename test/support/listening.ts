import { readConfig } from '../../src/config/config.ts';
import { type HttpServer, listen } from '../../src/http/server.ts';
import { environment, type Product } from './product.ts';

/** Serves the product on a free port, with the limits of its configuration. */
export function listening({ app }: Product): Promise<HttpServer> {
  return listen(app, { ...readConfig(environment()).http, port: 0 });
}
