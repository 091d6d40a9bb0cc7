import {
  type GraphQLField,
  type GraphQLInputType,
  GraphQLObjectType,
  GraphQLSchema,
  getNamedType,
  graphql,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLog } from '../src/ops/log.ts';
import { buildSchema } from '../src/schema/index.ts';
import type { User } from '../src/storage/user-types.ts';
import { codeOf } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

const schema = buildSchema();

/** Whoever adds a field must say here who may use it, or it must refuse. */
const PUBLIC = ['Mutation.login'];
const FOR_ADMINS = ['Query.user', 'Query.users', 'Mutation.setUserRole', 'Mutation.setUserDisabled'];
/** What whoever holds a record of another user may read of it. Everything else is for the user itself and admins. */
const OPEN_OF_USER = [
  'id',
  'appId',
  'nickName',
  'avatarUrl',
  'gender',
  'country',
  'province',
  'city',
  'language',
  'role',
  'createdAt',
  'lastLoginAt',
];

type RootField = { name: string; document: string };

/** The least that fits a type. */
function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return `{ ${required.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
  }
  const texts: Record<string, string> = {
    Int: '1',
    Float: '1',
    Boolean: 'true',
    DateTime: '"2026-01-01T00:00:00Z"',
  };
  return texts[type.name] ?? '"00000000-0000-7000-8000-000000000000"';
}

function call({ name, args, type }: GraphQLField<unknown, unknown>): string {
  const given = args.filter(isRequiredArgument).map((arg) => `${arg.name}: ${literal(arg.type)}`);
  const selection = isCompositeType(getNamedType(type)) ? ' { __typename }' : '';
  return `${name}${given.length > 0 ? `(${given.join(', ')})` : ''}${selection}`;
}

function rootFields(): RootField[] {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((root) =>
    Object.values(root?.getFields() ?? {}).map((field) => ({
      name: `${root?.name}.${field.name}`,
      document: `${root?.name.toLowerCase()} { ${call(field)} }`,
    })),
  );
}

describe('every field of the schema has an owner of access', () => {
  let server: Server;
  let token: string;
  beforeAll(async () => {
    server = await startServer('file::memory:');
    ({ token } = await server.logIn('ordinary'));
  });
  afterAll(() => server.close());

  const fields = rootFields();
  const named = (names: string[]) => fields.filter(({ name }) => names.includes(name));

  test('the lists name existing fields', () => {
    expect(named(PUBLIC)).toHaveLength(PUBLIC.length);
    expect(named(FOR_ADMINS)).toHaveLength(FOR_ADMINS.length);
  });

  test.each(fields.filter(({ name }) => !PUBLIC.includes(name)))(
    '$name refuses an anonymous viewer',
    async ({ document }) => {
      const { data, errors } = await server.post<Record<string, unknown>>(document);
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
      expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true);
    },
  );

  test.each(fields.filter(({ name }) => FOR_ADMINS.includes(name)))(
    '$name refuses a viewer who is no admin',
    async ({ document }) => {
      expect(codeOf(await server.post(document, { token }))).toBe('FORBIDDEN');
    },
  );

  test.each(fields.filter(({ name }) => !FOR_ADMINS.includes(name) && name !== 'Mutation.logout'))(
    '$name is not refused to a viewer for being no admin',
    async ({ document }) => {
      const code = codeOf(await server.post(document, { token }));
      expect(['FORBIDDEN', 'UNAUTHENTICATED']).not.toContain(code);
    },
  );
});

describe('a record of somebody else', () => {
  const userType = schema.getType('User');
  if (!isObjectType(userType)) throw new Error('no type User');
  const fields = Object.values(userType.getFields());

  const other: User = {
    id: 'other',
    appId: 'wxother',
    openId: 'canary-openid',
    unionId: 'canary-unionid',
    nickName: 'Other',
    avatarUrl: null,
    gender: 1,
    country: null,
    province: null,
    city: null,
    language: null,
    phoneNumber: '+8613800000000',
    phoneCountryCode: '86',
    role: 'USER',
    tokenVersion: 0,
    createdAt: new Date(),
    updatedAt: new Date(),
    lastLoginAt: new Date(),
    disabledAt: new Date(),
  };
  /** A field that would hand out other people's records, as a careless one might. */
  const probe = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Probe',
      fields: { user: { type: userType, resolve: () => other } },
    }),
  });
  const ask = async (field: GraphQLField<unknown, unknown>, role: User['role']) => {
    const viewer = { user: { ...other, id: 'viewer', role, disabledAt: null }, authTime: new Date() };
    const contextValue = {
      viewer: async () => viewer,
      knownViewer: () => viewer,
      users: { byUnionIds: async () => [other] },
      log: createLog('silent'),
      connection: { requestId: 'test', address: '127.0.0.1' },
    };
    const { data, errors } = await graphql({
      schema: probe,
      source: `{ user { ${call(field)} } }`,
      contextValue,
    });
    if (errors) return errors[0]?.extensions.code ?? 'a failure without a code';
    return data ? 'answered' : 'nothing';
  };

  test.each(fields.map((field) => [field.name, field] as const))(
    '%s is open, or for the user itself and admins',
    async (name, field) => {
      expect(await ask(field, 'USER')).toBe(OPEN_OF_USER.includes(name) ? 'answered' : 'FORBIDDEN');
      expect(await ask(field, 'ADMIN')).toBe('answered');
    },
  );

  test('no type has a field for session_key, token version or a secret', () => {
    const names = Object.values(schema.getTypeMap()).flatMap((type) =>
      'getFields' in type ? Object.keys(type.getFields()) : [],
    );
    expect(names.filter((name) => /session_?key|secret|version|password/i.test(name))).toEqual([]);
  });
});
