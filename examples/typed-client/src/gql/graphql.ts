/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A change of the profile: an absent or empty field is left unchanged, null erases. Invalid values are rejected. */
export type ProfileInput = {
  /** An https URL of at most 1024 characters. chooseAvatar returns a temporary file on the phone: upload it first. */
  avatarUrl?: string | null | undefined;
  /** At most 64 characters. */
  city?: string | null | undefined;
  /** At most 64 characters. */
  country?: string | null | undefined;
  /** 0 (unknown), 1 (male) or 2 (female). */
  gender?: number | null | undefined;
  /** At most 64 characters. */
  language?: string | null | undefined;
  /** At most 64 characters. */
  nickName?: string | null | undefined;
  /** At most 64 characters. */
  province?: string | null | undefined;
};

/** `res.userInfo` of wx.getUserProfile, unchanged. It comes from the client unverified: for display only. It never makes a login fail: `ignoredFields` names what is not stored. Empty values and placeholders change nothing. */
export type UserInfoInput = {
  /** An https URL; http is changed to https for avatars of WeChat. */
  avatarUrl?: string | null | undefined;
  /** Control characters are removed; more than 64 characters are cut off. */
  city?: string | null | undefined;
  /** Control characters are removed; more than 64 characters are cut off. */
  country?: string | null | undefined;
  /** 0 (unknown), 1 (male) or 2 (female). */
  gender?: number | null | undefined;
  /** WeChat sets it on placeholders: the other fields are then ignored. */
  is_demote?: boolean | string | null | undefined;
  /** Control characters are removed; more than 64 characters are cut off. */
  language?: string | null | undefined;
  /** Control characters are removed; more than 64 characters are cut off. */
  nickName?: string | null | undefined;
  /** Control characters are removed; more than 64 characters are cut off. */
  province?: string | null | undefined;
};

export type LoginMutationVariables = Exact<{
  code: string;
  userInfo?: UserInfoInput | null | undefined;
}>;


export type LoginMutation = { login: { token: string, expiresAt: string, isNewUser: boolean } };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { id: string, nickName: string | null, avatarUrl: string | null, lastLoginAt: string } | null };

export type UpdateProfileMutationVariables = Exact<{
  profile: ProfileInput;
}>;


export type UpdateProfileMutation = { updateProfile: { user: { nickName: string | null, city: string | null } } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const LoginDocument = new TypedDocumentString(`
    mutation Login($code: String!, $userInfo: UserInfoInput) {
  login(code: $code, userInfo: $userInfo) {
    token
    expiresAt
    isNewUser
  }
}
    `) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const MeDocument = new TypedDocumentString(`
    query Me {
  me {
    id
    nickName
    avatarUrl
    lastLoginAt
  }
}
    `) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
export const UpdateProfileDocument = new TypedDocumentString(`
    mutation UpdateProfile($profile: ProfileInput!) {
  updateProfile(profile: $profile) {
    user {
      nickName
      city
    }
  }
}
    `) as unknown as TypedDocumentString<UpdateProfileMutation, UpdateProfileMutationVariables>;