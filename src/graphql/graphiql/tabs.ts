import type { GraphiQLOptions } from 'graphql-yoga';
import { READY_DATA } from './additions.ts';

const LOGIN = `# 第一步：登录。点击右侧 ▶ 运行。
# 沙箱中 "dev:名字" 始终有效，同名即同一用户。
# 接入真实微信后，换成 wx.login 返回的 code。
#
# Step 1: log in. Press ▶ on the right.
# In the sandbox "dev:NAME" is always valid
# and always means the same user.
mutation Login {
  login(
    code: "dev:alice"
    userInfo: { nickName: "Alice" }
  ) {
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

const ME = `# 第二步：当前用户。登录后直接点击 ▶，
# 最近一次登录的 token 会自动发送。
# 要用其他 token，在 Headers 中填写
# {"Authorization": "Bearer …"}。
#
# Step 2: current user. Log in, then press ▶:
# the token of the last login is sent. To send
# another, write {"Authorization": "Bearer …"}
# under "Headers".
query Me {
  me {
    id
    appId
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

const UPDATE_PROFILE = `# 第三步：修改资料。
# 未填写的字段保持不变，null 表示清空。
#
# Step 3: change the profile.
# Absent fields are unchanged, null erases.
mutation UpdateProfile {
  updateProfile(
    profile: {
      nickName: "爱丽丝 🐳"
      city: "Guangzhou"
    }
  ) {
    user {
      nickName
      city
    }
  }
}
`;

const PHONE = `# 第四步：手机号。code 来自手机号按钮
# （getPhoneNumber），不是 wx.login 的 code。
# 有两个操作：光标在哪个操作里，▶ 就运行哪个。
#
# Step 4: the phone number. Its code comes from
# the getPhoneNumber button, not from wx.login.
# ▶ runs the operation at the cursor.
mutation BindPhone {
  bindPhone(code: "dev:alice") {
    user {
      phoneNumber
    }
  }
}

mutation UnbindPhone {
  unbindPhone {
    user {
      phoneNumber
    }
  }
}
`;

const RENEW_TOKEN = `# 第五步：续期。在 token 过期前换取新的，
# 不需要请求微信。
#
# Step 5: renew the token before it expires,
# without a call to WeChat.
mutation RenewToken {
  renewToken {
    token
    expiresAt
  }
}
`;

const ENCRYPTED = `# 微信加密数据：微信运动步数、群 ID，
# 以及旧版基础库的手机号。连接沙箱时，
# Variables 中的 … 会自动换成现成的数据。
#
# Data encrypted by WeChat with the session_key
# of the last login. With the sandbox, … under
# "Variables" is replaced by ready data.
mutation DecryptRunData(
  $data: EncryptedInput!
) {
  decryptRunData(data: $data) {
    days {
      date
      steps
    }
  }
}

mutation DecryptGroupId(
  $data: EncryptedInput!
) {
  decryptGroupId(data: $data) {
    openGId
  }
}

mutation BindEncryptedPhone(
  $data: EncryptedInput!
) {
  bindEncryptedPhone(data: $data) {
    user {
      phoneNumber
    }
  }
}
`;

const ADMIN = `# 管理员：先在另一个终端授权，立即生效。
# openId 见 Login 标签页的结果：
#   npm run admin -- grant <openId>
# 目标用户的 id 填在下方 Variables 里。
#
# For admins: grant the role in a terminal
# with the openId from the Login tab. Put the
# id of the target user into "Variables".
query Users {
  users(
    first: 20
    filter: { disabled: false }
  ) {
    totalCount
    edges {
      node {
        id
        appId
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
    user {
      role
    }
  }
}

mutation SetUserDisabled($id: ID!) {
  setUserDisabled(id: $id, disabled: true) {
    user {
      disabledAt
    }
  }
}
`;

const LOGOUT = `# 最后一步：退出登录。所有设备上的 token
# 立即失效，再运行 Me 会得到 UNAUTHENTICATED。
#
# Last step: log out. Revokes the tokens on all
# devices at once: Me is UNAUTHENTICATED then.
mutation Logout {
  logout {
    user {
      id
    }
  }
}
`;

const ERROR_TABLE = `# 所有错误码，以及客户端的处理方式。
# 完整说明见右下角的链接。
#
# All error codes, and how to handle them.
# Details: the link at the bottom right.
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

const encryptedVariables = JSON.stringify({ data: { encryptedData: READY_DATA, iv: READY_DATA } }, null, 2);
const idVariables = JSON.stringify({ id: '…' }, null, 2);

/** One tab for each step, in the order in which a new user tries them. */
export const TABS: NonNullable<GraphiQLOptions['defaultTabs']> = [
  { query: LOGIN },
  { query: ME },
  { query: UPDATE_PROFILE },
  { query: PHONE },
  { query: RENEW_TOKEN },
  { query: ENCRYPTED, variables: encryptedVariables },
  { query: ADMIN, variables: idVariables },
  { query: LOGOUT },
  { query: ERROR_TABLE },
];
