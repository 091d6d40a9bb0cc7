import type { EnumRef, InputRef } from '@pothos/core';
import type { ErrorTable } from '../errors/codes.ts';
import type { Role, User } from '../storage/user-types.ts';
import type { EncryptedData } from '../wechat/encrypted-data.ts';
import type { Builder, SchemaTypes, SharedTypeRef, TypeRef } from './builder.ts';
import { defineEncryptedInput } from './encrypted-input.ts';
import { defineErrorEnums } from './error-enums.ts';
import type { RoleTable } from './roles.ts';
import { defineScalars } from './scalars.ts';
import { defineSessionPayload, type IssuedSession } from './session.ts';
import { defineUser } from './user.ts';
import { defineUserInfoInput, type UserInfo } from './user-info.ts';

/** The types of the core that other parts of the schema use. */
export interface CoreTypes {
  UserType: TypeRef<User>;
  UserRole: EnumRef<SchemaTypes, Role>;
  /** @internal */
  SessionPayload: SharedTypeRef<IssuedSession>;
  /** @internal */
  UserInfoInput: InputRef<UserInfo>;
  /** @internal */
  EncryptedInput: InputRef<EncryptedData>;
}

/** One part of the schema: a capability of the core, or a module. */
export type DefineTypes = (builder: Builder, core: CoreTypes) => void;

/** What the schema is built from, beside its parts. */
export type Vocabulary = {
  roles: RoleTable;
  errorCodes: ErrorTable;
};

export function defineCoreTypes(builder: Builder, { roles, errorCodes }: Vocabulary): CoreTypes {
  defineScalars(builder);
  defineErrorEnums(builder, errorCodes);
  const { UserType, UserRole } = defineUser(builder, roles);
  return {
    UserType,
    UserRole,
    SessionPayload: defineSessionPayload(builder, UserType),
    UserInfoInput: defineUserInfoInput(builder),
    EncryptedInput: defineEncryptedInput(builder),
  };
}
