import { graphql } from './gql/gql.ts';

export const Login = graphql(`
  mutation Login($code: String!, $userInfo: UserInfoInput) {
    login(code: $code, userInfo: $userInfo) {
      token
      expiresAt
      isNewUser
    }
  }
`);

export const Me = graphql(`
  query Me {
    me {
      id
      nickName
      avatarUrl
      lastLoginAt
    }
  }
`);

export const UpdateProfile = graphql(`
  mutation UpdateProfile($profile: ProfileInput!) {
    updateProfile(profile: $profile) {
      user {
        nickName
        city
      }
    }
  }
`);
