import type { GraphiQLOptions } from 'graphql-yoga';

const LOGIN = `# 第一步：登录。按右边的 ▶ 运行。
# 沙箱里 "dev:名字" 始终有效，同名即同一人。
# 接入真实微信后，换成 wx.login 返回的 code。
#
# Step 1: log in. Press ▶ on the right.
# "dev:NAME" always works in the sandbox
# and always means the same person.
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

const ME = `# 第二步：我是谁。登录后直接按 ▶：
# 下方 Headers 里的 PASTE_THE_TOKEN_HERE
# 会自动换成你的 token，也可以自己粘贴。
#
# Step 2: who am I. After step 1 just press ▶:
# the placeholder under "Headers" stands
# for your token, or paste another one.
query Me {
  me {
    id
    openId
    unionId
    nickName
    avatarUrl
    phoneNumber
    role
    lastLoginAt
  }
}
`;

const UPDATE_PROFILE = `# 第三步：改资料。
# 没写的字段不变，null 是清空。
#
# Step 3: change your profile.
# What is left out stays, null erases.
mutation UpdateProfile {
  updateProfile(profile: { nickName: "爱丽丝 🐳", city: "Guangzhou" }) {
    nickName
    city
  }
}
`;

const PHONE = `# 第四步：手机号。code 来自手机号按钮
# （getPhoneNumber），不是 wx.login 的。
# 有两个操作：光标放在哪个里，▶ 就运行哪个。
#
# Step 4: the phone number. Its code comes
# from the button, not from wx.login. ▶ runs
# the operation that the cursor is in.
mutation BindPhone {
  bindPhone(code: "dev:alice") {
    phoneNumber
  }
}

mutation UnbindPhone {
  unbindPhone {
    phoneNumber
  }
}
`;

const RENEW_TOKEN = `# 第五步：续期。token 快到期时换一个新的，
# 不用再问微信。
#
# Step 5: a fresh token before the old one
# ends, without asking WeChat.
mutation RenewToken {
  renewToken {
    token
    expiresAt
  }
}
`;

const ENCRYPTED = `# 微信加密的数据：运动步数、群 id、老基础库
# 的手机号。encryptedData 和 iv 填在下方
# Variables 里，用最近一次登录的 session_key。
#
# What WeChat encrypted with the session_key
# of the last login goes into "Variables".
mutation DecryptRunData($data: EncryptedInput!) {
  decryptRunData(data: $data) {
    day
    steps
  }
}

mutation DecryptGroupId($data: EncryptedInput!) {
  decryptGroupId(data: $data)
}

mutation BindEncryptedPhone($data: EncryptedInput!) {
  bindEncryptedPhone(data: $data) {
    phoneNumber
  }
}
`;

const ADMIN = `# 管理员：先在另一个终端授权，立即生效。
# openId 在 Login 标签页的结果里：
#   npm run admin -- grant <openId>
# 某个用户的 id 填在下方 Variables 里。
#
# For admins: grant it in another terminal,
# with the openId that Login answered. The id
# of a user goes into "Variables".
query Users {
  users(first: 20) {
    edges {
      node {
        id
        nickName
        role
        lastLoginAt
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

query OneUser($id: ID!) {
  user(id: $id) {
    openId
    phoneNumber
  }
}

mutation SetUserRole($id: ID!) {
  setUserRole(id: $id, role: ADMIN) {
    role
  }
}

mutation SetUserDisabled($id: ID!) {
  setUserDisabled(id: $id, disabled: true) {
    id
  }
}
`;

const LOGOUT = `# 最后一步：退出登录。所有设备上的 token
# 立即失效，再运行 Me 得到 UNAUTHENTICATED。
#
# At last: log out. All your tokens are void
# at once: Me is UNAUTHENTICATED then.
mutation Logout {
  logout
}
`;

const ERROR_TABLE = `# 所有错误码，以及客户端该怎么办。
# 中英文对照：右下角的链接。
#
# Every error code and what to do about it.
# In two languages: the link, bottom right.
query ErrorCodes {
  codes: __type(name: "ErrorCode") {
    enumValues {
      name
      description
    }
  }
  actions: __type(name: "ErrorAction") {
    enumValues {
      name
      description
    }
  }
}
`;

/** Stands for the token of the last login, and may be overwritten with any other. */
const PLACEHOLDER = 'PASTE_THE_TOKEN_HERE';
const headers = JSON.stringify({ Authorization: `Bearer ${PLACEHOLDER}` }, null, 2);
const variables = JSON.stringify({ data: { encryptedData: '…', iv: '…' } }, null, 2);

/** GraphiQL as a newcomer finds it: every operation, in the order in which they make sense. */
export const graphiqlOptions: GraphiQLOptions = {
  title: 'weapp-login',
  defaultTabs: [
    { query: LOGIN },
    { query: ME, headers },
    { query: UPDATE_PROFILE, headers },
    { query: PHONE, headers },
    { query: RENEW_TOKEN, headers },
    { query: ENCRYPTED, headers, variables },
    { query: ADMIN, headers, variables: JSON.stringify({ id: '…' }, null, 2) },
    { query: LOGOUT, headers },
    { query: ERROR_TABLE },
  ],
  defaultEditorToolsVisibility: 'headers',
  shouldPersistHeaders: true,
  credentials: 'same-origin',
};

/**
 * Remembers the token of every answer that has one, and sends it where a header has the placeholder; without one
 * the header is left out, so that the server says that it is missing. The token lasts as long as the browser's tab.
 */
const TOKEN_SCRIPT = `<script>
  {
    const send = window.fetch;
    const key = 'weapp-login-token';
    window.fetch = async (url, init = {}) => {
      const headers = new Headers(init.headers);
      const authorization = headers.get('authorization') ?? '';
      const token = sessionStorage.getItem(key);
      if (authorization.includes('${PLACEHOLDER}'))
        if (token) headers.set('authorization', authorization.replace('${PLACEHOLDER}', token));
        else headers.delete('authorization');
      const response = await send(url, { ...init, headers });
      const remember = ({ data }) => {
        for (const value of Object.values(data ?? {}))
          if (typeof value?.token === 'string') sessionStorage.setItem(key, value.token);
        if (data?.logout === true) sessionStorage.removeItem(key);
      };
      response.clone().json().then(remember).catch(() => {});
      return response;
    };
  }
</script>`;

const ERRORS_LINK = `<a href="/errors" target="_blank" style="position: fixed; right: 28px; bottom: 24px; z-index: 1; font: 13px sans-serif; color: #888">错误码 · Error codes</a>`;

/**
 * A tab reacts when it is pressed: GraphiQL measures its tabs before they have their names, takes the first
 * press on one for the start of a drag, and the click is lost.
 */
const TAB_SCRIPT = `<script>
  addEventListener('pointerdown', (event) => event.target.closest?.('.graphiql-tab-button')?.click(), true);
</script>`;

/**
 * Wraps a renderer of the page: it knows the token, its tabs take the first click, and it leads to the errors. The
 * page has 9 MB and is the same for all, so it is made once.
 */
export function withScripts(render: (options?: GraphiQLOptions) => string) {
  let page: string | undefined;
  return (options?: GraphiQLOptions): string => {
    page ??= render(options)
      .replace(/<head>/, () => `<head>${TOKEN_SCRIPT}`)
      .replace(/<\/body>\s*<\/html>\s*$/, () => `${ERRORS_LINK}${TAB_SCRIPT}</body></html>`);
    return page;
  };
}
