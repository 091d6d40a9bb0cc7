import { mysqlTable } from 'drizzle-orm/mysql-core';
import { sqliteTable } from 'drizzle-orm/sqlite-core';
import type * as api from 'weapp-login';
import { type Context, createApp, defineModule, type Role, readConfig, requireViewer } from 'weapp-login';
import * as my from 'weapp-login/mysql';
import type * as sandbox from 'weapp-login/sandbox';
import * as lite from 'weapp-login/sqlite';
import type * as testing from 'weapp-login/testing';
import type { Note } from './notes/notes.ts';

/** What a team may write beside the module of the starter: test/types.test.ts compiles it. */
declare module 'weapp-login' {
  interface Roles {
    EDITOR: true;
  }
  interface Scalars {
    Money: { Input: number; Output: number };
  }
  interface Services {
    rates: Map<string, number>;
  }
}

export const tables = {
  mysql: mysqlTable('shop_order', { id: my.ascii('id', { length: 36 }).primaryKey(), at: my.moment('at') }),
  sqlite: sqliteTable('shop_order', {
    id: lite.ascii('id', { length: 36 }).primaryKey(),
    at: lite.moment('at'),
  }),
};

export const shop = defineModule({
  name: 'shop',
  requires: ['notes'],
  roles: { EDITOR: { description: 'Reads the notes of all.' } },
  services: async ({ database, log, now, newId, users }) => {
    const orders = database.rows(tables);
    const at: Date | null | undefined = (await orders.find({ limit: 1 }))[0]?.at;
    log.info({ at, user: await users.byId(newId()) }, 'started');
    return { rates: new Map([['CNY', now()]]) };
  },
  schema(builder, { UserType, UserRole }) {
    builder.scalarType('Money', { serialize: (value) => value, parseValue: Number });
    builder.queryFields((t) => ({
      price: t.field({
        type: 'Money',
        nullable: true,
        authScopes: { role: ['EDITOR', 'ADMIN'] },
        resolve: (_root, _args, { rates }) => rates.get('CNY'),
      }),
      topRole: t.field({ type: UserRole, authScopes: { signedIn: true }, resolve: () => 'EDITOR' as const }),
      buyer: t.field({
        type: UserType,
        authScopes: { role: 'EDITOR' },
        resolve: (_root, _args, context) => requireViewer(context),
      }),
    }));
  },
  routes: {
    '/shop/feed': async (request, { notes, log }) => {
      const found: Note[][] = await notes.ofUsers([new URL(request.url).pathname]);
      log.info(found.length);
      return new Response('');
    },
  },
});

export const role: Role = 'EDITOR';

export async function start(context: Context): Promise<api.App> {
  const app = await createApp(readConfig(process.env), { modules: [shop] });
  const { ok } = await app.fetch('http://localhost/graphql');
  return ok && context.connection.address ? app : createApp(readConfig({}));
}

type IsAny<T> = 0 extends 1 & T ? true : false;
type AnyMember<T> =
  IsAny<T> extends true ? 'all of it' : { [K in keyof T]: IsAny<T[K]> extends true ? K : never }[keyof T];
type None<_T extends undefined> = true;

/** None of them is any, and no member of them. */
export type Checked = [
  None<AnyMember<api.App>>,
  None<AnyMember<api.AppOptions>>,
  None<AnyMember<api.AuthScopes>>,
  None<AnyMember<api.BuilderTypes>>,
  None<AnyMember<api.Config>>,
  None<AnyMember<api.Connection>>,
  None<AnyMember<api.Context>>,
  None<AnyMember<api.Core>>,
  None<AnyMember<api.CoreTypes>>,
  None<AnyMember<api.Database>>,
  None<AnyMember<api.DefinedModule>>,
  None<AnyMember<api.DrizzleDatabase>>,
  None<AnyMember<api.Env>>,
  None<AnyMember<api.ErrorCodeInfo>>,
  None<AnyMember<api.ErrorDetail>>,
  None<AnyMember<api.HttpServer>>,
  None<AnyMember<api.Module>>,
  None<AnyMember<api.PageArguments>>,
  None<AnyMember<api.PageRange>>,
  None<AnyMember<api.Rows<typeof tables.mysql>>>,
  None<AnyMember<api.Rows<typeof tables.mysql>['columns']>>,
  None<AnyMember<api.RowsQuery>>,
  None<AnyMember<api.RunOptions>>,
  None<AnyMember<api.Scalars>>,
  None<AnyMember<api.Services>>,
  None<AnyMember<api.StorageError>>,
  None<AnyMember<api.TransactionOptions>>,
  None<AnyMember<api.User>>,
  None<AnyMember<api.Users>>,
  None<AnyMember<Awaited<ReturnType<api.Users['byId']>>>>,
  None<AnyMember<ReturnType<typeof api.requireViewer>>>,
  None<AnyMember<ReturnType<typeof api.inRange>>>,
  None<AnyMember<testing.TestClient>>,
  None<AnyMember<testing.TestServer>>,
  None<AnyMember<testing.TestServerOptions>>,
  None<AnyMember<testing.TestError>>,
  None<AnyMember<sandbox.Sandbox>>,
  None<AnyMember<sandbox.SandboxOptions>>,
  None<IsAny<api.Builder> extends true ? 1 : undefined>,
  None<IsAny<api.ErrorCode> extends true ? 1 : undefined>,
  None<IsAny<api.Log> extends true ? 1 : undefined>,
  None<IsAny<api.Role> extends true ? 1 : undefined>,
  None<string extends api.Role ? 1 : undefined>,
  None<string extends api.ErrorCode ? 1 : undefined>,
];
