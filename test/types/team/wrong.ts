import { eq } from 'drizzle-orm';
import { sqliteTable } from 'drizzle-orm/sqlite-core';
import {
  type App,
  type Builder,
  type Config,
  type Context,
  type Core,
  type CoreTypes,
  clientError,
  defineModule,
  type Role,
  type User,
} from 'weapp-login';
import * as lite from 'weapp-login/sqlite';
import type { TestServer } from 'weapp-login/testing';
import { tables } from './right.ts';

/** What the compiler must reject: each line after @ts-expect-error. */
export function schema(builder: Builder, { UserType }: CoreTypes): void {
  // @ts-expect-error: nobody declares this role
  builder.queryField('a', (t) => t.boolean({ authScopes: { role: 'BOSS' }, resolve: () => true }));
  // @ts-expect-error: there is no such scope
  builder.queryField('b', (t) => t.boolean({ authScopes: { owner: true }, resolve: () => true }));
  // @ts-expect-error: there is no such scalar
  builder.queryField('c', (t) => t.field({ type: 'Datum', resolve: () => new Date() }));
  // @ts-expect-error: a number is not a string
  builder.queryField('d', (t) => t.string({ resolve: () => 5 }));
  // @ts-expect-error: a string is not a DateTime
  builder.queryField('e', (t) => t.field({ type: 'DateTime', resolve: () => 'now' }));
  // @ts-expect-error: null in a field that is not nullable
  builder.queryField('f', (t) => t.string({ resolve: () => null }));
  // @ts-expect-error: not a user
  builder.queryField('g', (t) => t.field({ type: UserType, resolve: () => ({ id: 'a' }) }));
  // @ts-expect-error: nobody declares this service
  builder.queryField('h', (t) => t.string({ resolve: (_root, _args, { orders }) => orders.first() }));
  // @ts-expect-error: a user has no such property
  builder.objectField(UserType, 'i', (t) => t.string({ resolve: (user) => user.name }));
}

export function internals(user: User, context: Context, core: Core, app: App, config: Config): unknown[] {
  return [
    // @ts-expect-error: no resolver sees it
    user.sessionKey,
    // @ts-expect-error: internal
    user.tokenVersion,
    // @ts-expect-error: internal
    context.wechat,
    // @ts-expect-error: internal
    context.tokens,
    // @ts-expect-error: internal
    context.limits,
    // @ts-expect-error: internal
    core.storage,
    // @ts-expect-error: internal
    core.users.erase(user),
    // @ts-expect-error: internal
    core.users.sessionKey(user.id),
    // @ts-expect-error: internal
    app.storage,
    // @ts-expect-error: internal
    app.replaceSecrets(config),
    // @ts-expect-error: internal
    config.auth,
    // @ts-expect-error: internal
    config.database,
  ];
}

export async function values({ database }: Core, server: TestServer): Promise<unknown> {
  // @ts-expect-error: nobody declares this error code
  clientError('NOTES_GONE', 'Gone.');
  // @ts-expect-error: nobody declares this role
  const role: Role = 'BOSS';
  // @ts-expect-error: nobody declares this role
  await server.grant('alice', 'BOSS');
  const orders = database.rows(tables);
  const [order] = await orders.find();
  // @ts-expect-error: there is no such column
  order?.price;
  // @ts-expect-error: there is no such column
  orders.columns.price;
  // @ts-expect-error: the id is a string
  eq(orders.columns.id, 5);
  // @ts-expect-error: the id is missing
  await orders.insert({ at: new Date() });
  // @ts-expect-error: there is no such column
  await orders.insert({ id: 'a', price: 5 });
  // @ts-expect-error: the SQLite table lacks a column
  database.rows({ ...tables, sqlite: sqliteTable('shop_order', { id: lite.ascii('id', { length: 36 }) }) });
  return role;
}

// @ts-expect-error: it has no name
defineModule({});
// @ts-expect-error: nobody declares this role
defineModule({ name: 'a', roles: { BOSS: { description: '' } } });
// @ts-expect-error: nobody declares this error code
defineModule({ name: 'a', errors: { A_GONE: { action: 'STOP', meaning: 'Gone.' } } });
// @ts-expect-error: there is no such action
defineModule({ name: 'a', errors: { NOTES_TOO_MANY: { action: 'WAIT', meaning: 'Too many.' } } });
// @ts-expect-error: nobody declares this service
defineModule({ name: 'a', services: () => ({ orders: 1 }) });
// @ts-expect-error: the service has another type
defineModule({ name: 'a', services: () => ({ rates: new Map([['CNY', 'one']]) }) });
// @ts-expect-error: a route returns a Response
defineModule({ name: 'a', routes: { '/a/b': () => 'text' } });
