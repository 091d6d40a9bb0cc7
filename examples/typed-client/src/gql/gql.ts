/* eslint-disable */
import * as types from './graphql.js';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation Login($code: String!, $userInfo: UserInfoInput) {\n    login(code: $code, userInfo: $userInfo) {\n      token\n      expiresAt\n      isNewUser\n    }\n  }\n": typeof types.LoginDocument,
    "\n  query Me {\n    me {\n      id\n      nickName\n      avatarUrl\n      lastLoginAt\n    }\n  }\n": typeof types.MeDocument,
    "\n  mutation UpdateProfile($profile: ProfileInput!) {\n    updateProfile(profile: $profile) {\n      user {\n        nickName\n        city\n      }\n    }\n  }\n": typeof types.UpdateProfileDocument,
};
const documents: Documents = {
    "\n  mutation Login($code: String!, $userInfo: UserInfoInput) {\n    login(code: $code, userInfo: $userInfo) {\n      token\n      expiresAt\n      isNewUser\n    }\n  }\n": types.LoginDocument,
    "\n  query Me {\n    me {\n      id\n      nickName\n      avatarUrl\n      lastLoginAt\n    }\n  }\n": types.MeDocument,
    "\n  mutation UpdateProfile($profile: ProfileInput!) {\n    updateProfile(profile: $profile) {\n      user {\n        nickName\n        city\n      }\n    }\n  }\n": types.UpdateProfileDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Login($code: String!, $userInfo: UserInfoInput) {\n    login(code: $code, userInfo: $userInfo) {\n      token\n      expiresAt\n      isNewUser\n    }\n  }\n"): typeof import('./graphql.js').LoginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Me {\n    me {\n      id\n      nickName\n      avatarUrl\n      lastLoginAt\n    }\n  }\n"): typeof import('./graphql.js').MeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateProfile($profile: ProfileInput!) {\n    updateProfile(profile: $profile) {\n      user {\n        nickName\n        city\n      }\n    }\n  }\n"): typeof import('./graphql.js').UpdateProfileDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
