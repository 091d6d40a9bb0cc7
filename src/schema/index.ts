import type { GraphQLSchema } from 'graphql';
import { createBuilder } from './builder.ts';
import { defineDecrypt } from './decrypt.ts';
import { defineEncryptedInput } from './encrypted-input.ts';
import { defineErrorEnums } from './error-enums.ts';
import { defineLinkedAccounts } from './linked-accounts.ts';
import { defineLogin } from './login.ts';
import { definePhone } from './phone.ts';
import { defineProfile } from './profile.ts';
import { defineScalars } from './scalars.ts';
import { defineSession, defineSessionPayload } from './session.ts';
import { defineUser } from './user.ts';
import { defineUserAdmin } from './user-admin.ts';
import { defineUserInfoInput } from './user-info.ts';
import { defineUserList } from './user-list.ts';

/** Builds the schema. Each call makes an independent one; nothing is built at import. */
export function buildSchema(): GraphQLSchema {
  const builder = createBuilder();
  defineScalars(builder);
  defineErrorEnums(builder);
  const { UserType, UserRole } = defineUser(builder);
  const SessionPayload = defineSessionPayload(builder, UserType);
  const UserInfoInput = defineUserInfoInput(builder);
  const EncryptedInput = defineEncryptedInput(builder);
  defineLogin(builder, { SessionPayload, UserInfoInput });
  defineSession(builder, { UserType, SessionPayload });
  defineProfile(builder, UserType);
  definePhone(builder, { UserType, EncryptedInput });
  defineDecrypt(builder, EncryptedInput);
  defineLinkedAccounts(builder, UserType);
  defineUserList(builder, { UserType, UserRole });
  defineUserAdmin(builder, { UserType, UserRole });
  return builder.toSchema();
}
