import type { GraphiQLOptions } from 'graphql-yoga';

const LOGIN = `# 第一步 · Step 1: log in. "dev:NAME" works in the sandbox and always means the same person.
# 按 ▶ 运行，然后复制 token · Press ▶, then copy the token.
mutation Login {
  login(code: "dev:alice", userInfo: { nickName: "Alice" }) {
    token
    expiresAt
    isNewUser
    user {
      id
      openId
      nickName
    }
  }
}
`;

const ME = `# 第二步 · Step 2: paste the token below, under "Headers", in place of PASTE_THE_TOKEN_HERE.
# 把 token 粘贴到下方 Headers 里，替换 PASTE_THE_TOKEN_HERE，再按 ▶
query Me {
  me {
    id
    openId
    nickName
    avatarUrl
    lastLoginAt
  }
}
`;

const UPDATE_PROFILE = `# 第三步 · Step 3: change your profile, with the same token under "Headers".
mutation UpdateProfile {
  updateProfile(profile: { nickName: "爱丽丝 🐳", city: "Guangzhou" }) {
    nickName
    city
  }
}
`;

const HEADERS = JSON.stringify({ Authorization: 'Bearer PASTE_THE_TOKEN_HERE' }, null, 2);

/** GraphiQL as a newcomer finds it: the first login, step by step. */
export const graphiqlOptions: GraphiQLOptions = {
  title: 'weapp-login',
  defaultTabs: [
    { query: LOGIN },
    { query: ME, headers: HEADERS },
    { query: UPDATE_PROFILE, headers: HEADERS },
  ],
  defaultEditorToolsVisibility: 'headers',
  shouldPersistHeaders: true,
  credentials: 'same-origin',
};

/**
 * A tab reacts when it is pressed: GraphiQL measures its tabs before they have their names, takes the first
 * press on one for the start of a drag, and the click is lost.
 */
const TAB_SCRIPT = `<script>
  addEventListener('pointerdown', (event) => event.target.closest?.('.graphiql-tab-button')?.click(), true);
</script>`;

/** Wraps a renderer of the page so that its tabs take the first click. */
export const withTabScript =
  (render: (options?: GraphiQLOptions) => string) =>
  (options?: GraphiQLOptions): string =>
    render(options).replace(/<\/body>\s*<\/html>\s*$/, () => `${TAB_SCRIPT}</body></html>`);
