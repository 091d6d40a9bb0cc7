/** The value of `encryptedData` and `iv` that the page replaces by ready data of the sandbox. */
export const READY_DATA = '…';

/**
 * The session of the page, shared by all tabs of the browser. It stores the token of every login and sends it with
 * requests that have no Authorization header, until it is revoked.
 */
const SESSION_SCRIPT = `<script>
  {
    const send = window.fetch;
    const key = 'weapp-login';
    const KINDS = { DecryptRunData: 'run', DecryptGroupId: 'group', BindEncryptedPhone: 'phone' };
    const TEXTS = {
      NONE: '未登录 · Not signed in',
      SIGNED_IN: '已登录 · Signed in',
      LOGGED_OUT: '已退出登录 · Logged out',
      ENDED: '登录已失效，请重新登录 · The session has ended: log in again',
    };

    const load = () => {
      try {
        return JSON.parse(localStorage.getItem(key)) ?? { state: 'NONE' };
      } catch {
        return { state: 'NONE' };
      }
    };
    const show = () => {
      const { state, user } = load();
      const status = document.getElementById('weapp-login-status');
      if (status) status.textContent = (TEXTS[state] ?? TEXTS.NONE) + (state === 'SIGNED_IN' && user ? ': ' + user : '');
    };
    const save = (session) => {
      localStorage.setItem(key, JSON.stringify(session));
      show();
    };
    addEventListener('storage', show);
    addEventListener('DOMContentLoaded', show);

    const parse = (body) => {
      try {
        return JSON.parse(body) ?? {};
      } catch {
        return {};
      }
    };

    /** The body with ready data of the sandbox in place of "…". Without a sandbox it stays as it is. */
    const withReadyData = async (body) => {
      const request = parse(body);
      const kind = KINDS[request.operationName];
      if (!kind || request.variables?.data?.encryptedData !== '${READY_DATA}') return body;
      const ready = await send('/sandbox/encrypted', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: load().user ?? 'alice', kind }),
      });
      if (!ready.ok) return body;
      const { encryptedData, iv } = await ready.json();
      return JSON.stringify({ ...request, variables: { ...request.variables, data: { encryptedData, iv } } });
    };

    const note = (body, isAutomatic, { data, errors }) => {
      const { token, user } = load();
      const [, name] = /dev:([\\w.-]+)/.exec(body ?? '') ?? [];
      for (const [field, value] of Object.entries(data ?? {}))
        if (typeof value?.token === 'string')
          save({ state: 'SIGNED_IN', token: value.token, user: field === 'renewToken' ? user : name });
      if (data?.logout) save({ state: 'LOGGED_OUT' });
      else if (isAutomatic && token && errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED'))
        save({ state: 'ENDED' });
    };

    window.fetch = async (url, init = {}) => {
      const headers = new Headers(init.headers);
      const { token } = load();
      const isAutomatic = !headers.get('authorization') && Boolean(token);
      if (isAutomatic) headers.set('authorization', 'Bearer ' + token);
      const body = await withReadyData(init.body);
      const response = await send(url, { ...init, body, headers });
      response.clone().json().then((result) => note(body, isAutomatic, result)).catch(() => {});
      return response;
    };
  }
</script>`;

/** GraphiQL takes the first press on a tab for the start of a drag and drops the click, so tabs react to the press. */
const TAB_SCRIPT = `<script>
  addEventListener('pointerdown', (event) => event.target.closest?.('.graphiql-tab-button')?.click(), true);
</script>`;

/** On narrow screens the response is below the editor, and tabs scroll. */
const STYLE = `<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  #weapp-login-bar {
    position: fixed; right: 28px; bottom: 22px; z-index: 1; display: flex; gap: 16px;
    font: 13px sans-serif; color: #666; background: #fffc; border-radius: 4px; padding: 2px 6px;
  }
  #weapp-login-bar a { color: inherit; }
  .graphiql-logo { white-space: nowrap; }
  @media (max-width: 700px) {
    .graphiql-container .graphiql-sidebar, .graphiql-logo, .graphiql-horizontal-drag-bar { display: none !important; }
    .graphiql-container .graphiql-sessions { margin: 8px; }
    #graphiql-session { flex-direction: column !important; padding: 0 0 36px !important; }
    #graphiql-session > .graphiql-editors { flex: 3 1 0% !important; }
    #graphiql-session > .graphiql-response { flex: 2 1 0% !important; min-height: 0; padding-top: 8px; }
    .graphiql-container .graphiql-query-editor { padding: 8px 4px; }
    .graphiql-container .graphiql-editor-tools { padding: 0 8px; }
    #weapp-login-bar { right: 12px; bottom: 10px; gap: 10px; }
  }
</style>`;

const BAR =
  '<div id="weapp-login-bar"><span id="weapp-login-status" role="status"></span><a href="/errors" target="_blank">错误码 · Error codes</a></div>';

/** Adds our scripts, style and status bar to the page of GraphiQL. */
export function addToPage(html: string): string {
  return html
    .replace(/<head>/, () => `<head>${SESSION_SCRIPT}`)
    .replace(/<\/head>/, () => `${STYLE}</head>`)
    .replace(/<\/body>\s*<\/html>\s*$/, () => `${BAR}${TAB_SCRIPT}</body></html>`);
}
