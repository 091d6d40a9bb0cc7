import { GraphQLError } from 'graphql';
import type { Clock } from '../common/clock.ts';
import { packageVersion } from '../common/package-file.ts';
import type { Context, Services } from '../context.ts';
import type { ErrorCodeInfo, ModuleErrorCodes } from '../errors/codes.ts';
import type { Log } from '../ops/log.ts';
import type { DefineTypes } from '../schema/core-types.ts';
import type { RoleTable } from '../schema/roles.ts';
import type { Database } from '../storage/database-types.ts';
import type { Users } from '../storage/user-types.ts';

/** What a team adds to the server: types, tables, services and routes of its own. docs/modules.md is the guide. */
export interface Module {
  /** Unique; small letters, digits and `_`. Its tables begin with `<name>_`, its routes with `/<name>/`. */
  name: string;
  /** Names of modules that must stand before it in the list. */
  requires?: readonly string[];
  /** The folder of the migrations that drizzle-kit made: `mysql/` and `sqlite/` are in it. */
  migrations?: URL;
  /** Roles that it adds to those of users, at most 16 capital letters, digits and `_` each. */
  roles?: Partial<RoleTable>;
  /** Error codes that it adds; each begins with its name in capital letters, such as NOTES_TOO_MANY. */
  errors?: Readonly<Partial<Record<keyof ModuleErrorCodes, ErrorCodeInfo>>>;
  /** Root fields that need no scope, such as `Query.news`. Others without authScopes stop the start. */
  public?: readonly string[];
  /** Adds types, fields of Query and Mutation, and fields of User. It may run several times, without a database. */
  schema?: DefineTypes;
  /** Called once at the start, when the tables are there. What it returns stands in the context of each request. */
  services?(core: Core): Partial<Services> | Promise<Partial<Services>>;
  /** Handlers by path. A path that ends in `/*` matches any last segment. */
  routes?: Readonly<Record<string, ModuleRoute>>;
  /** Called once at the end, after all requests, with what its `services` returned. */
  close?(services: Partial<Services>): Promise<void> | void;
}

/** What `services` gets. */
export interface Core {
  database: Database;
  users: Users;
  /** Adds the name of the module to each line. */
  log: Log;
  now: Clock;
  /** Generates an id for a new row: a UUIDv7, so that rows are in the order of their creation. */
  newId(): string;
}

/** Handles an HTTP request. The context has the viewer and the services; a body has at most 64 KB. */
export type ModuleRoute = (request: Request, context: Context) => Response | Promise<Response>;

/** A module that `defineModule` made. */
export interface DefinedModule extends Module {
  /** The version of weapp-login that it was built with. */
  readonly builtWith: string;
  /** @internal Of the copy of graphql that the module uses. */
  readonly errorClass: unknown;
}

/** Declares a module, to be given to `createApp` or `run`. Nothing of it runs before that. */
export function defineModule(module: Module): DefinedModule {
  return { ...module, builtWith: packageVersion(), errorClass: GraphQLError };
}
