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

export type ProfileFragment = { id: string, nickName: string | null, avatarUrl: string | null };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { id: string, nickName: string | null, avatarUrl: string | null } | null };

export type EditProfileQueryVariables = Exact<{ [key: string]: never; }>;


export type EditProfileQuery = { me: { phoneNumber: string | null, id: string, nickName: string | null, avatarUrl: string | null } | null };

export type UpdateProfileMutationVariables = Exact<{
  profile: ProfileInput;
}>;


export type UpdateProfileMutation = { updateProfile: { user: { id: string, nickName: string | null, avatarUrl: string | null } } };

export type BindPhoneMutationVariables = Exact<{
  code: string;
}>;


export type BindPhoneMutation = { bindPhone: { user: { phoneNumber: string | null } } };

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
export const ProfileFragmentDoc = new TypedDocumentString(`
    fragment Profile on User {
  id
  nickName
  avatarUrl
}
    `, {"fragmentName":"Profile"}) as unknown as TypedDocumentString<ProfileFragment, unknown>;
export const MeDocument = new TypedDocumentString(`
    query Me {
  me {
    ...Profile
  }
}
    fragment Profile on User {
  id
  nickName
  avatarUrl
}`) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
export const EditProfileDocument = new TypedDocumentString(`
    query EditProfile {
  me {
    ...Profile
    phoneNumber
  }
}
    fragment Profile on User {
  id
  nickName
  avatarUrl
}`) as unknown as TypedDocumentString<EditProfileQuery, EditProfileQueryVariables>;
export const UpdateProfileDocument = new TypedDocumentString(`
    mutation UpdateProfile($profile: ProfileInput!) {
  updateProfile(profile: $profile) {
    user {
      ...Profile
    }
  }
}
    fragment Profile on User {
  id
  nickName
  avatarUrl
}`) as unknown as TypedDocumentString<UpdateProfileMutation, UpdateProfileMutationVariables>;
export const BindPhoneDocument = new TypedDocumentString(`
    mutation BindPhone($code: String!) {
  bindPhone(code: $code) {
    user {
      phoneNumber
    }
  }
}
    `) as unknown as TypedDocumentString<BindPhoneMutation, BindPhoneMutationVariables>;