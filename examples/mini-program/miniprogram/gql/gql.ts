/* eslint-disable */
import * as types from './graphql';



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
    "fragment Profile on User {\n  id\n  nickName\n  avatarUrl\n}\n\nquery Me {\n  me {\n    ...Profile\n  }\n}\n\nquery EditProfile {\n  me {\n    ...Profile\n    phoneNumber\n  }\n}\n\nmutation UpdateProfile($profile: ProfileInput!) {\n  updateProfile(profile: $profile) {\n    user {\n      ...Profile\n    }\n  }\n}\n\nmutation BindPhone($code: String!) {\n  bindPhone(code: $code) {\n    user {\n      phoneNumber\n    }\n  }\n}": typeof types.ProfileFragmentDoc,
};
const documents: Documents = {
    "fragment Profile on User {\n  id\n  nickName\n  avatarUrl\n}\n\nquery Me {\n  me {\n    ...Profile\n  }\n}\n\nquery EditProfile {\n  me {\n    ...Profile\n    phoneNumber\n  }\n}\n\nmutation UpdateProfile($profile: ProfileInput!) {\n  updateProfile(profile: $profile) {\n    user {\n      ...Profile\n    }\n  }\n}\n\nmutation BindPhone($code: String!) {\n  bindPhone(code: $code) {\n    user {\n      phoneNumber\n    }\n  }\n}": types.ProfileFragmentDoc,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment Profile on User {\n  id\n  nickName\n  avatarUrl\n}\n\nquery Me {\n  me {\n    ...Profile\n  }\n}\n\nquery EditProfile {\n  me {\n    ...Profile\n    phoneNumber\n  }\n}\n\nmutation UpdateProfile($profile: ProfileInput!) {\n  updateProfile(profile: $profile) {\n    user {\n      ...Profile\n    }\n  }\n}\n\nmutation BindPhone($code: String!) {\n  bindPhone(code: $code) {\n    user {\n      phoneNumber\n    }\n  }\n}"): typeof import('./graphql').ProfileFragmentDoc;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
