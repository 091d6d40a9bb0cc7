// The public API. `npm run generate:api` writes this file.

// weapp-login
import { Column } from 'drizzle-orm';
import { ColumnBaseConfig } from 'drizzle-orm';
import { ColumnDataType } from 'drizzle-orm';
import { EnumRef } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { IncomingMessage } from 'node:http';
import { Logger } from 'pino';
import { MySqlRemoteDatabase } from 'drizzle-orm/mysql-proxy';
import { MySqlTable } from 'drizzle-orm/mysql-core';
import { ObjectRef } from '@pothos/core';
import { RequestListener } from 'node:http';
import { SQL } from 'drizzle-orm';
import { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { ServerResponse } from 'node:http';
import { SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy';
export declare const ADMIN_ERRORS: readonly ["UNAUTHENTICATED", "USER_DISABLED", "SERVICE_UNAVAILABLE", "FORBIDDEN"];
export type App = {
    handler: Handler;
    fetch(input: string | URL | Request, init?: RequestInit, connection?: Connection): Promise<Response>;
    health: Health;
    sandboxUrl: string | null;
    log: Log;
    close(): Promise<void>;
};
export type AppOptions = {
    modules?: readonly DefinedModule[];
    overrides?: Overrides;
};
export interface AuthScopes {
    signedIn: boolean;
    role: Role | readonly Role[];
}
export type Builder = PothosSchemaTypes.SchemaBuilder<SchemaTypes>;
export interface BuilderTypes {
    Context: Context;
    DefaultFieldNullability: false;
    Scalars: {
        [Name in keyof Scalars]: Scalars[Name];
    };
    AuthScopes: AuthScopes;
    DefaultEdgesNullability: typeof EDGES_NULLABILITY;
    DefaultNodeNullability: false;
}
type Clock = () => number;
type ColumnsOf<M extends MySqlTable> = {
    readonly [Name in keyof M['$inferSelect']]: Column<ColumnBaseConfig<ColumnDataType, string> & {
        data: NonNullable<M['$inferSelect'][Name]>;
    }>;
};
type Common<A, B> = keyof A & keyof B & string;
export interface Config {
    mode: 'development' | 'test' | 'production';
    http: HttpOptions;
}
export declare class ConfigError extends Error {
    readonly name = "ConfigError";
    readonly faults: readonly string[];
    constructor(faults: readonly string[]);
}
export interface Connection {
    requestId: string;
    address: string;
}
export interface Context extends Services {
    users: Users;
    connection: Connection;
    log: Log;
}
export interface Core {
    database: Database;
    users: Users;
    log: Log;
    now: Clock;
    newId(): string;
}
type CoreErrorCode = keyof typeof ERROR_CODES;
export interface CoreTypes {
    UserType: TypeRef<User>;
    UserRole: EnumRef<SchemaTypes, Role>;
}
export interface Database extends Statements {
    transaction<T>(work: (tx: Statements) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
type DefaultDifference<M, S> = {
    [Name in Common<M, S>]: Equal<undefined extends M[Name] ? 1 : 0, undefined extends S[Name] ? 1 : 0> extends true ? never : `The column ${Name} has a default in one of the two tables only.`;
}[Common<M, S>];
export type DefineTypes = (builder: Builder, core: CoreTypes) => void;
export interface DefinedModule extends Module {
    readonly builtWith: string;
}
type Difference<M, S> = {
    [Name in Missing<M, S>]: `The SQLite table lacks the column ${Name}.`;
}[Missing<M, S>] | {
    [Name in Missing<S, M>]: `The MySQL table lacks the column ${Name}.`;
}[Missing<S, M>] | {
    [Name in Common<M, S>]: Equal<M[Name], S[Name]> extends true ? never : Equal<NonNullable<M[Name]>, NonNullable<S[Name]>> extends true ? `The column ${Name} is nullable in one of the two tables only.` : `The column ${Name} has another type in the SQLite table.`;
}[Common<M, S>];
export type DrizzleDatabase = {
    dialect: 'mysql';
    db: Omit<MySqlRemoteDatabase, 'transaction'>;
} | {
    dialect: 'sqlite';
    db: Omit<SqliteRemoteDatabase, 'transaction' | 'batch'>;
};
declare const EDGES_NULLABILITY: {
    readonly list: false;
    readonly items: false;
};
export declare const ERROR_ACTIONS: {
    readonly RELOGIN: string;
    readonly RETRY_LATER: string;
    readonly FIX_REQUEST: string;
    readonly STOP: string;
};
export declare const ERROR_CODES: {
    readonly UNAUTHENTICATED: {
        readonly action: 'RELOGIN';
        readonly meaning: string;
    };
    readonly FORBIDDEN: {
        readonly action: 'STOP';
        readonly meaning: string;
    };
    readonly BAD_USER_INPUT: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly RATE_LIMITED: {
        readonly action: 'RETRY_LATER';
        readonly meaning: string;
    };
    readonly WECHAT_CODE_INVALID: {
        readonly action: 'RELOGIN';
        readonly meaning: string;
    };
    readonly WECHAT_PHONE_CODE_INVALID: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly WECHAT_SESSION_STALE: {
        readonly action: 'RELOGIN';
        readonly meaning: string;
    };
    readonly PHONE_IN_USE: {
        readonly action: 'STOP';
        readonly meaning: string;
    };
    readonly WECHAT_USER_BLOCKED: {
        readonly action: 'STOP';
        readonly meaning: string;
    };
    readonly WECHAT_RATE_LIMITED: {
        readonly action: 'RETRY_LATER';
        readonly meaning: string;
    };
    readonly WECHAT_UNAVAILABLE: {
        readonly action: 'RETRY_LATER';
        readonly meaning: string;
    };
    readonly WECHAT_MISCONFIGURED: {
        readonly action: 'STOP';
        readonly meaning: string;
    };
    readonly USER_DISABLED: {
        readonly action: 'STOP';
        readonly meaning: string;
    };
    readonly SERVICE_UNAVAILABLE: {
        readonly action: 'RETRY_LATER';
        readonly meaning: string;
    };
    readonly INTERNAL_SERVER_ERROR: {
        readonly action: 'RETRY_LATER';
        readonly meaning: string;
    };
    readonly GRAPHQL_PARSE_FAILED: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly GRAPHQL_VALIDATION_FAILED: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly QUERY_TOO_COMPLEX: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly PERSISTED_DOCUMENT_REQUIRED: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly OPERATION_RESOLUTION_FAILURE: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly BAD_REQUEST: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly REQUEST_TIMEOUT: {
        readonly action: 'RETRY_LATER';
        readonly meaning: string;
    };
    readonly REQUEST_ENTITY_TOO_LARGE: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
    readonly NOT_FOUND: {
        readonly action: 'FIX_REQUEST';
        readonly meaning: string;
    };
};
export type Env = Readonly<Record<string, string | undefined>>;
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
export type ErrorAction = keyof typeof ERROR_ACTIONS;
export type ErrorCode = CoreErrorCode | keyof ModuleErrorCodes;
export type ErrorCodeInfo = {
    action: ErrorAction;
    meaning: string;
};
export type ErrorDetail = {
    retryAfter?: number | undefined;
    wechat?: {
        errcode: number;
        rid?: string | undefined;
    } | undefined;
};
type Handler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => Promise<void>;
type Health = {
    ready(): Promise<boolean>;
    drain(): void;
    draining(): boolean;
};
type HttpOptions = {
    host: string;
    port: number;
    graphiql: boolean;
    trustedProxies: number;
    corsOrigins: readonly string[];
    requestTimeoutMs: number;
    shutdownDelayMs: number;
};
export type HttpServer = {
    port: number;
    close(): Promise<void>;
};
type IdRange = {
    after?: string | undefined;
    before?: string | undefined;
};
export type Log = Logger;
export declare class MigrationError extends Error {
    readonly name = "MigrationError";
    readonly module: string;
    readonly code: string | undefined;
    constructor(module: string, message: string, code?: string);
}
type Missing<A, B> = Exclude<keyof A & string, keyof B>;
export interface Module {
    name: string;
    requires?: readonly string[];
    migrations?: URL;
    roles?: Partial<RoleTable>;
    errors?: Readonly<Partial<Record<keyof ModuleErrorCodes, ErrorCodeInfo>>>;
    public?: readonly string[];
    schema?: DefineTypes;
    services?(core: Core): Partial<Services> | Promise<Partial<Services>>;
    routes?: Readonly<Record<string, ModuleRoute>>;
    close?(services: Partial<Services>): Promise<void> | void;
}
export declare class ModuleError extends Error {
    readonly name = "ModuleError";
    readonly module: string;
    constructor(module: string, fault: string);
}
export interface ModuleErrorCodes {
}
export type ModuleRoute = (request: Request, context: Context) => Response | Promise<Response>;
type NoError<Message, Next> = [Message] extends [never] ? Next : {
    error: Message;
};
type Overrides = {
    now?: Clock;
    log?: Log;
};
type Page = {
    after?: string | undefined;
    before?: string | undefined;
    limit: number;
    descending?: boolean | undefined;
    filter?: UserFilter | undefined;
};
export type PageArguments = {
    first?: number | null | undefined;
    last?: number | null | undefined;
    after?: string | null | undefined;
    before?: string | null | undefined;
};
export type PageRange = {
    after?: string | undefined;
    before?: string | undefined;
    limit: number;
    descending: boolean;
};
export type Role = keyof Roles;
type RoleTable = Readonly<Record<Role, {
    description: string;
}>>;
export interface Roles {
    USER: true;
    ADMIN: true;
}
export interface Rows<M extends MySqlTable> {
    readonly columns: ColumnsOf<M>;
    find(query?: RowsQuery): Promise<M['$inferSelect'][]>;
    count(where?: SQL): Promise<number>;
    insert(rows: M['$inferInsert'] | readonly M['$inferInsert'][]): Promise<void>;
    update(where: SQL | undefined, changes: Partial<M['$inferSelect']>): Promise<number>;
    remove(where: SQL | undefined): Promise<number>;
}
export type RowsQuery = {
    where?: SQL | undefined;
    orderBy?: SQL | readonly SQL[] | undefined;
    limit?: number | undefined;
};
export type RunOptions = {
    modules?: readonly DefinedModule[];
    args?: readonly string[];
};
export declare const SELF_OR_ADMIN: {
    readonly $granted: "self";
    readonly role: 'ADMIN';
};
export declare const SIGNED_IN_ERRORS: readonly ['UNAUTHENTICATED', 'USER_DISABLED', 'SERVICE_UNAVAILABLE'];
type SameColumns<M extends MySqlTable, S extends SQLiteTable> = NoError<Difference<M['$inferSelect'], S['$inferSelect']>, NoError<DefaultDifference<M['$inferInsert'], S['$inferInsert']>, unknown>>;
export interface Scalars {
    DateTime: {
        Input: Date;
        Output: Date;
    };
    Date: {
        Input: string;
        Output: string;
    };
    LenientBoolean: {
        Input: boolean;
        Output: boolean;
    };
}
export type SchemaTypes = PothosSchemaTypes.ExtendDefaultTypes<BuilderTypes>;
type ServedApp = {
    handler: RequestListener;
    health: Health;
};
export interface Services {
}
export interface Statements {
    rows<M extends MySqlTable, S extends SQLiteTable>(tables: {
        mysql: M;
        sqlite: S & SameColumns<M, S>;
    }): Rows<M>;
    readonly drizzle: DrizzleDatabase;
}
export declare class StorageError extends Error {
    readonly name = "StorageError";
    readonly failure: StorageFailure;
    readonly code: string;
    readonly retryable: boolean;
    readonly isLost: boolean;
    constructor(failure: StorageFailure, code: string, retryable?: boolean, isLost?: boolean);
}
type StorageFailure =
'UNAVAILABLE'
 | 'DUPLICATE'
 | 'FAULT';
export declare class TransactionMisuse extends Error {
    readonly name = "TransactionMisuse";
}
export type TransactionOptions = {
    timeoutMs?: number;
};
export type TypeRef<T> = ObjectRef<SchemaTypes, T>;
export interface User {
    id: string;
    appId: string;
    openId: string;
    unionId: string | null;
    nickName: string | null;
    avatarUrl: string | null;
    gender: number | null;
    country: string | null;
    province: string | null;
    city: string | null;
    language: string | null;
    phoneNumber: string | null;
    phoneCountryCode: string | null;
    role: Role;
    createdAt: Date;
    updatedAt: Date;
    lastLoginAt: Date;
    disabledAt: Date | null;
}
type UserFilter = {
    appId?: string | undefined;
    role?: Role | undefined;
    disabled?: boolean | undefined;
    phoneNumber?: string | undefined;
    search?: string | undefined;
};
export interface Users {
    newId(): string;
    byId(id: string): Promise<User | null>;
    byOpenId(appId: string, openId: string): Promise<User | null>;
    byUnionIds(unionIds: readonly string[]): Promise<User[]>;
    page(page: Page): Promise<User[]>;
    count(filter: UserFilter): Promise<number>;
}
export declare function clientError(code: ErrorCode, message: string, detail?: ErrorDetail): GraphQLError;
export declare function createApp(config: Config, options?: AppOptions): Promise<App>;
export declare function defineModule(module: Module): DefinedModule;
export declare function findViewer(context: Context): User | undefined | Promise<User | undefined>;
export declare function inRange(id: Column, options: IdRange): SQL | undefined;
export declare function listen(options: ServedApp, options: Pick<HttpOptions, 'host' | 'port' | 'requestTimeoutMs' | 'shutdownDelayMs'>): Promise<HttpServer>;
export declare function perRequest<Key extends string | number, Value>(load: (keys: readonly Key[], context: Context) => Promise<readonly Value[]>): (key: Key, context: Context) => Promise<Value>;
export declare function readConfig(environment: Env): Config;
export declare function requireViewer(context: Context): User | Promise<User>;
export declare function resolvePage<Item extends {
    id: string;
}>(args: PageArguments, read: (range: PageRange) => Promise<Item[]>): Promise<{
    pageInfo: import("@pothos/plugin-relay").PageInfoShape;
    edges: readonly {
        cursor: string;
        node: Item;
    }[];
}>;
export declare function run(options?: RunOptions): Promise<void>;
export declare function withErrors(description: string, codes: readonly ErrorCode[]): string;

// weapp-login/testing
type Call = {
    path: string;
    code?: string;
};
type Sandbox = {
    url: string;
    calls(): readonly Call[];
    close(): Promise<void>;
};
type SandboxApp = {
    appId: string;
    secret: string;
};
type SandboxOptions = {
    apps: readonly SandboxApp[];
    port?: number;
    now?: () => number;
    random?: (bytes: number) => Buffer;
    userCallsPerMinute?: number;
};
export interface TestClient {
    id: string;
    token: string | undefined;
    request<Data = Record<string, unknown>>(query: string, variables?: object): Promise<TestResult<Data>>;
    fetch(path: string, init?: RequestInit): Promise<Response>;
}
export type TestError = {
    message: string;
    path?: readonly (string | number)[];
    extensions: {
        code: string;
        action: string;
        retryAfter?: number;
    };
};
export type TestResult<Data> = {
    data: Data | null;
    errors: readonly TestError[];
};
export interface TestServer {
    app: App;
    sandbox: Sandbox;
    clock: {
        now: number;
    };
    anonymous: TestClient;
    as(person: string): Promise<TestClient>;
    grant(person: string, role: Role): Promise<void>;
    listen(): Promise<string>;
    close(): Promise<void>;
}
export type TestServerOptions = {
    modules?: readonly DefinedModule[];
    environment?: Env;
    log?: Log;
    random?: SandboxOptions['random'];
};
export declare function createTestServer(options?: TestServerOptions): Promise<TestServer>;

// weapp-login/sandbox
export { Sandbox };
export { SandboxApp };
export { SandboxOptions };
export declare function createSandbox(options: SandboxOptions): Promise<Sandbox>;
export declare function openIdOf(appId: string, user: string): string;

// weapp-login/mysql
export declare const ascii: {
    <TConfig extends Record<string, any> & {
        length: number;
    }>(fieldConfig: TConfig): import("drizzle-orm/mysql-core").MySqlCustomColumnBuilder<{
        name: "";
        dataType: 'custom';
        columnType: 'MySqlCustomColumn';
        data: string;
        driverParam: unknown;
        enumValues: undefined;
    }>;
    <TName extends string>(dbName: TName, fieldConfig: {
        length: number;
    }): import("drizzle-orm/mysql-core").MySqlCustomColumnBuilder<{
        name: TName;
        dataType: 'custom';
        columnType: 'MySqlCustomColumn';
        data: string;
        driverParam: unknown;
        enumValues: undefined;
    }>;
};
export declare function moment(name: string): import("drizzle-orm/mysql-core").MySqlDateTimeBuilderInitial<string>;
export declare const text: {
    <TConfig extends Record<string, any> & {
        length: number;
    }>(fieldConfig: TConfig): import("drizzle-orm/mysql-core").MySqlCustomColumnBuilder<{
        name: "";
        dataType: 'custom';
        columnType: 'MySqlCustomColumn';
        data: string;
        driverParam: unknown;
        enumValues: undefined;
    }>;
    <TName extends string>(dbName: TName, fieldConfig: {
        length: number;
    }): import("drizzle-orm/mysql-core").MySqlCustomColumnBuilder<{
        name: TName;
        dataType: 'custom';
        columnType: 'MySqlCustomColumn';
        data: string;
        driverParam: unknown;
        enumValues: undefined;
    }>;
};
export declare function userId(name: string): import("drizzle-orm/mysql-core").MySqlCustomColumnBuilder<{
    name: string;
    dataType: 'custom';
    columnType: 'MySqlCustomColumn';
    data: string;
    driverParam: unknown;
    enumValues: undefined;
}>;

// weapp-login/sqlite
type Length = {
    length: number;
};
export declare function ascii(name: string, _length: Length): import("drizzle-orm/sqlite-core").SQLiteTextBuilderInitial<string, [string, ...string[]], number | undefined>;
export declare function moment(name: string): import("drizzle-orm/sqlite-core").SQLiteTimestampBuilderInitial<string>;
export declare function text(name: string, _length: Length): import("drizzle-orm/sqlite-core").SQLiteTextBuilderInitial<string, [string, ...string[]], number | undefined>;
export declare function userId(name: string): import("drizzle-orm/sqlite-core").SQLiteTextBuilderInitial<string, [string, ...string[]], number | undefined>;
