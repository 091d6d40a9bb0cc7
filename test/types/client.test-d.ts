import { describe, expectTypeOf, test } from 'vitest';
import type { Client, createClient, Request, Session, Storage, Task } from '../../client/src/index.mts';
import type {
  BindPhoneDocument,
  BindPhoneMutation,
  MeDocument,
  MeQuery,
  ProfileInput,
} from '../../examples/mini-program/miniprogram/gql/graphql.ts';

declare const client: Client;

/** A TypedDocumentNode whose print is its text, as a plugin of codegen or a wrapper of gql makes it. */
type PrintedNode<Result, Variables> = {
  kind: 'Document';
  definitions: readonly object[];
  __apiType?: (variables: Variables) => Result;
  toString(): string;
};

describe('client.request', () => {
  test("takes its result from codegen's TypedDocumentString", () => {
    const request = (document: typeof MeDocument) => client.request(document);
    expectTypeOf<ReturnType<typeof request>>().toEqualTypeOf<Task<MeQuery>>();
    expectTypeOf<MeQuery['me']>().toExtend<{ nickName: string | null } | null>();
    expectTypeOf<ReturnType<typeof request>['abort']>().toEqualTypeOf<() => void>();
  });

  test('wants the variables of the document, and those only', () => {
    const bindPhone = client.request<BindPhoneMutation, { code: string }>;
    expectTypeOf(bindPhone).parameter(1).toEqualTypeOf<{ code: string }>();
    const call = (document: typeof BindPhoneDocument) => client.request(document, { code: 'x' });
    expectTypeOf<ReturnType<typeof call>>().toEqualTypeOf<Task<BindPhoneMutation>>();
    // @ts-expect-error there is no call without its variables
    const bare = (document: typeof BindPhoneDocument) => client.request(document);
    // @ts-expect-error nor with others
    const wrong = (document: typeof BindPhoneDocument) => client.request(document, { code: 1 });
    expectTypeOf([bare, wrong]).not.toBeAny();
  });

  test('takes a node that prints itself', () => {
    const request = (document: PrintedNode<{ a: number }, { b: string }>) =>
      client.request(document, { b: 'x' });
    expectTypeOf<ReturnType<typeof request>>().toEqualTypeOf<Task<{ a: number }>>();
  });

  test('makes variables optional where all of them are', () => {
    type Optional = PrintedNode<{ a: number }, { b?: string }>;
    const request = (document: Optional) => client.request(document);
    expectTypeOf<ReturnType<typeof request>>().toEqualTypeOf<Task<{ a: number }>>();
  });

  test('of a plain text is unknown until the caller says what it is', () => {
    const untyped = () => client.request('{ me { id } }');
    expectTypeOf<ReturnType<typeof untyped>>().toEqualTypeOf<Task<unknown>>();
    const typed = () => client.request<{ me: { id: string } }>('{ me { id } }', { any: 1 });
    expectTypeOf<ReturnType<typeof typed>>().toEqualTypeOf<Task<{ me: { id: string } }>>();
  });
});

describe('createClient', () => {
  test('takes the request of wx and of whatever has its shape', () => {
    expectTypeOf<WechatMiniprogram.Wx['request']>().toExtend<Request>();
    expectTypeOf<WechatMiniprogram.Wx>().toExtend<Storage>();
  });

  test('needs a url and nothing else where there is wx', () => {
    expectTypeOf<typeof createClient>().parameter(0).toHaveProperty('url');
    expectTypeOf<{ url: string }>().toExtend<Parameters<typeof createClient>[0]>();
    expectTypeOf<{ login: () => string }>().not.toExtend<Parameters<typeof createClient>[0]>();
    expectTypeOf<Session['user']['nickName']>().toEqualTypeOf<string | null>();
    expectTypeOf<ProfileInput['nickName']>().toEqualTypeOf<string | null | undefined>();
  });
});
