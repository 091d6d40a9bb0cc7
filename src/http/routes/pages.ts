import { readFile } from 'node:fs/promises';
import { textReply } from '../reply.ts';
import type { Route } from '../router.ts';

/** `/`: redirects to GraphiQL. */
export function homeRoute(): Route {
  return () => ({ status: 302, headers: { location: '/graphql' } });
}

/** `/errors`: the table of error codes that GraphiQL links to, in Chinese if the browser prefers it. */
export function errorTableRoute(): Route {
  return async ({ headers }) => {
    const file = prefersChinese(headers['accept-language']) ? 'errors.zh-CN.md' : 'errors.md';
    const reply = textReply(200, await readFile(new URL(`../../../docs/${file}`, import.meta.url), 'utf8'));
    return { ...reply, headers: { ...reply.headers, vary: 'Accept-Language' } };
  };
}

function prefersChinese(acceptLanguage = ''): boolean {
  return /^zh\b/i.test(acceptLanguage.trim());
}
