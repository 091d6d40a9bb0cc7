import type { GraphiQLOptions } from 'graphql-yoga';
import { ConfigError } from '../../config/config-error.ts';
import { TABS, TOKEN_PLACEHOLDER } from './tabs.ts';

export const GRAPHIQL_OPTIONS: GraphiQLOptions = {
  title: 'weapp-login',
  defaultTabs: TABS,
  defaultEditorToolsVisibility: 'headers',
  shouldPersistHeaders: true,
  credentials: 'same-origin',
};

/**
 * Loads GraphiQL from this server only: Yoga's default page loads scripts from a CDN.
 * @throws {ConfigError} when its package is not installed
 */
export async function loadGraphiql() {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql').catch(() => {
    throw new ConfigError([
      'GRAPHIQL=1 needs a package that is not installed: npm install --no-save @graphql-yoga/render-graphiql',
    ]);
  });
  return { graphiql: GRAPHIQL_OPTIONS, renderGraphiQL: createRenderer(renderGraphiQL) };
}

type Renderer = (options?: GraphiQLOptions) => string;

/** Adds our scripts to the page. It is 9 MB and the same for all, so it is rendered once. */
export function createRenderer(render: Renderer): Renderer {
  let page: string | undefined;
  return (options) => {
    page ??= render(options)
      .replace(/<head>/, () => `<head>${TOKEN_SCRIPT}`)
      .replace(/<\/body>\s*<\/html>\s*$/, () => `${ERRORS_LINK}${TAB_SCRIPT}</body></html>`);
    return page;
  };
}

/**
 * Stores the token of every response, for the lifetime of the browser tab, and sends it where a header has the
 * placeholder. Without a token the header is omitted, so that the server reports it as missing.
 */
const TOKEN_SCRIPT = `<script>
  {
    const send = window.fetch;
    const key = 'weapp-login-token';
    window.fetch = async (url, init = {}) => {
      const headers = new Headers(init.headers);
      const authorization = headers.get('authorization') ?? '';
      const token = sessionStorage.getItem(key);
      if (authorization.includes('${TOKEN_PLACEHOLDER}'))
        if (token) headers.set('authorization', authorization.replace('${TOKEN_PLACEHOLDER}', token));
        else headers.delete('authorization');
      const response = await send(url, { ...init, headers });
      const store = ({ data }) => {
        for (const value of Object.values(data ?? {}))
          if (typeof value?.token === 'string') sessionStorage.setItem(key, value.token);
        if (data?.logout) sessionStorage.removeItem(key);
      };
      response.clone().json().then(store).catch(() => {});
      return response;
    };
  }
</script>`;

const ERRORS_LINK = `<a href="/errors" target="_blank" style="position: fixed; right: 28px; bottom: 24px; z-index: 1; font: 13px sans-serif; color: #888">错误码 · Error codes</a>`;

/** GraphiQL takes the first press on a tab for the start of a drag and drops the click, so tabs react to the press. */
const TAB_SCRIPT = `<script>
  addEventListener('pointerdown', (event) => event.target.closest?.('.graphiql-tab-button')?.click(), true);
</script>`;
