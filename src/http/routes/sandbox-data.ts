import { readBody } from '../body.ts';
import type { Route } from '../router.ts';

/**
 * `/sandbox/encrypted`: ready data of the built-in WeChat sandbox for GraphiQL, whose page cannot read from another
 * port. Development only.
 */
export function sandboxDataRoute(sandboxUrl: string): Route {
  return async (request) => {
    const body = await readBody(request);
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    if (body === 'TOO_LARGE') return { status: 413 };
    const response = await fetch(`${sandboxUrl}/sandbox/encrypted`, { method: 'POST', body });
    return {
      status: response.status,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: await response.text(),
    };
  };
}
