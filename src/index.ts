/**
 * The public API of the package. docs/modules.md is the guide; test/api/ has the report of all exported types.
 */
import '@pothos/plugin-relay';
import '@pothos/plugin-scope-auth';

export { type App, type AppOptions, createApp } from './app.ts';
export { type RunOptions, run } from './cli/run.ts';
export { type Config, readConfig } from './config/config.ts';
export { ConfigError } from './config/config-error.ts';
export type { Env } from './config/env.ts';
export type { Connection, Context, Services } from './context.ts';
export { clientError, type ErrorDetail } from './errors/client-error.ts';
export {
  ERROR_ACTIONS,
  ERROR_CODES,
  type ErrorAction,
  type ErrorCode,
  type ErrorCodeInfo,
  type ModuleErrorCodes,
} from './errors/codes.ts';
export { ModuleError } from './errors/module-error.ts';
export { type HttpServer, listen } from './http/server.ts';
export {
  type Core,
  type DefinedModule,
  defineModule,
  type Module,
  type ModuleRoute,
} from './modules/module.ts';
export type { Log } from './ops/log.ts';
export type { AuthScopes, Builder, BuilderTypes, Scalars, SchemaTypes, TypeRef } from './schema/builder.ts';
export type { CoreTypes, DefineTypes } from './schema/core-types.ts';
export { ADMIN_ERRORS, SIGNED_IN_ERRORS, withErrors } from './schema/descriptions.ts';
export { findViewer, requireViewer, SELF_OR_ADMIN } from './schema/guards.ts';
export { perRequest } from './schema/per-request.ts';
export { type PageArguments, type PageRange, resolvePage } from './schema/resolve-page.ts';
export type {
  Database,
  DrizzleDatabase,
  Rows,
  RowsQuery,
  Statements,
  TransactionOptions,
} from './storage/database-types.ts';
export { inRange } from './storage/id-range.ts';
export { MigrationError } from './storage/migration-files.ts';
export { StorageError } from './storage/storage-error.ts';
export { TransactionMisuse } from './storage/transaction-scope.ts';
export type { Role, Roles, User, Users } from './storage/user-types.ts';
