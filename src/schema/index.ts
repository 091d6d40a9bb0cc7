import type { GraphQLSchema } from 'graphql';
import { ERROR_CODES } from '../errors/codes.ts';
import { createBuilder } from './builder.ts';
import { type DefineTypes, defineCoreTypes, type Vocabulary } from './core-types.ts';
import { defineDecrypt } from './decrypt.ts';
import { defineLinkedAccounts } from './linked-accounts.ts';
import { defineLogin } from './login.ts';
import { definePhone } from './phone.ts';
import { defineProfile } from './profile.ts';
import { CORE_ROLES } from './roles.ts';
import { defineSession } from './session.ts';
import { defineUserAdmin } from './user-admin.ts';
import { defineUserList } from './user-list.ts';

const CAPABILITIES: readonly DefineTypes[] = [
  defineLogin,
  defineSession,
  defineProfile,
  definePhone,
  defineDecrypt,
  defineLinkedAccounts,
  defineUserList,
  defineUserAdmin,
];

const CORE_VOCABULARY: Vocabulary = { roles: CORE_ROLES, errorCodes: ERROR_CODES };

/**
 * Builds the schema of the core, then adds parts to it. Each call makes an independent schema; nothing is built at import.
 * @param parts those of modules
 */
export function buildSchema(
  parts: readonly DefineTypes[] = [],
  vocabulary: Vocabulary = CORE_VOCABULARY,
): GraphQLSchema {
  const builder = createBuilder();
  const core = defineCoreTypes(builder, vocabulary);
  for (const define of [...CAPABILITIES, ...parts]) define(builder, core);
  return builder.toSchema();
}
