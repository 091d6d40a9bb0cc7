import { describe, expectTypeOf, test } from 'vitest';
import type { createEncryptedSender, SendEncrypted } from '../../client/src/encrypted.mts';
import type {
  Client,
  ClientErrorCode,
  createClient,
  ErrorAction,
  ErrorCode,
  Request,
  RequestError,
  Session,
  Storage,
  Task,
} from '../../client/src/index.mts';
import type {
  BindPhoneDocument,
  BindPhoneMutation,
  MeDocument,
  MeQuery,
  ProfileInput,
} from '../../examples/mini-program/miniprogram/gql/graphql.ts';
import type {
  ErrorAction as ServerErrorAction,
  ErrorCode as ServerErrorCode,
} from '../../src/errors/codes.ts';

declare const client: Client;

/** A TypedDocumentNode with a `toString` that prints it. */
type PrintedNode<Result, Variables> = {
  kind: 'Document';
  definitions: readonly object[];
  __apiType?: (variables: Variables) => Result;
  toString(): string;
};

describe('client.request', () => {
  test("has the result type of codegen's TypedDocumentString", () => {
    const request = (document: typeof MeDocument) => client.request(document);
    expectTypeOf<ReturnType<typeof request>>().toEqualTypeOf<Task<MeQuery>>();
    expectTypeOf<MeQuery['me']>().toExtend<{ nickName: string | null } | null>();
    expectTypeOf<ReturnType<typeof request>['abort']>().toEqualTypeOf<() => void>();
  });

  test('requires the variables of the document, with their types', () => {
    const bindPhone = client.request<BindPhoneMutation, { code: string }>;
    expectTypeOf(bindPhone).parameter(1).toEqualTypeOf<{ code: string }>();
    const call = (document: typeof BindPhoneDocument) => client.request(document, { code: 'x' });
    expectTypeOf<ReturnType<typeof call>>().toEqualTypeOf<Task<BindPhoneMutation>>();
    // @ts-expect-error the variables are missing
    const bare = (document: typeof BindPhoneDocument) => client.request(document);
    // @ts-expect-error the variable has the wrong type
    const wrong = (document: typeof BindPhoneDocument) => client.request(document, { code: 1 });
    expectTypeOf([bare, wrong]).not.toBeAny();
  });

  test('accepts a document node with toString', () => {
    const request = (document: PrintedNode<{ a: number }, { b: string }>) =>
      client.request(document, { b: 'x' });
    expectTypeOf<ReturnType<typeof request>>().toEqualTypeOf<Task<{ a: number }>>();
  });

  test('has an optional parameter for variables if all of them are optional', () => {
    type Optional = PrintedNode<{ a: number }, { b?: string }>;
    const request = (document: Optional) => client.request(document);
    expectTypeOf<ReturnType<typeof request>>().toEqualTypeOf<Task<{ a: number }>>();
  });

  test('returns unknown for a string, unless the caller gives a type', () => {
    const untyped = () => client.request('{ me { id } }');
    expectTypeOf<ReturnType<typeof untyped>>().toEqualTypeOf<Task<unknown>>();
    const typed = () => client.request<{ me: { id: string } }>('{ me { id } }', { any: 1 });
    expectTypeOf<ReturnType<typeof typed>>().toEqualTypeOf<Task<{ me: { id: string } }>>();
  });
});

describe('createClient', () => {
  test('accepts the request and the storage of wx', () => {
    expectTypeOf<WechatMiniprogram.Wx['request']>().toExtend<Request>();
    expectTypeOf<WechatMiniprogram.Wx>().toExtend<Storage>();
  });

  test('requires a url only', () => {
    expectTypeOf<typeof createClient>().parameter(0).toHaveProperty('url');
    expectTypeOf<{ url: string }>().toExtend<Parameters<typeof createClient>[0]>();
    expectTypeOf<{ login: () => string }>().not.toExtend<Parameters<typeof createClient>[0]>();
    expectTypeOf<Session['user']['nickName']>().toEqualTypeOf<string | null>();
    expectTypeOf<ProfileInput['nickName']>().toEqualTypeOf<string | null | undefined>();
  });
});

describe('RequestError', () => {
  test('has the error codes and actions of the server', () => {
    expectTypeOf<ErrorCode>().toEqualTypeOf<ServerErrorCode>();
    expectTypeOf<ErrorAction>().toEqualTypeOf<ServerErrorAction>();
  });

  test('has a code of the server or of the client, and an action, and nothing else', () => {
    expectTypeOf<RequestError['code']>().toEqualTypeOf<ErrorCode | ClientErrorCode>();
    expectTypeOf<RequestError['action']>().toEqualTypeOf<ErrorAction>();
    expectTypeOf<ClientErrorCode>().toEqualTypeOf<
      'NETWORK' | 'BAD_ANSWER' | 'WX_LOGIN_FAILED' | 'LOGGED_OUT' | 'ABORTED' | 'UNKNOWN'
    >();
    expectTypeOf<RequestError['errno']>().toEqualTypeOf<number | undefined>();
  });

  test('a misspelt action or code does not compile', () => {
    // @ts-expect-error RETRY_LATTER
    const action = (error: RequestError) => error.action === 'RETRY_LATTER';
    // @ts-expect-error NETWROK
    const code = (error: RequestError) => error.code === 'NETWROK';
    const right = (error: RequestError) => error.action === 'RETRY_LATER' && error.code === 'NETWORK';
    expectTypeOf([action, code, right]).not.toBeAny();
  });

  test('a switch can handle all actions', () => {
    const explain = ({ action }: RequestError): string => {
      switch (action) {
        case 'RELOGIN':
        case 'RETRY_LATER':
          return 'again';
        case 'FIX_REQUEST':
        case 'STOP':
          return 'stop';
      }
    };
    expectTypeOf(explain).returns.toBeString();
  });
});

describe('createEncryptedSender', () => {
  test('passes what read returns to send, and returns what send returns', () => {
    const call = (sendEncrypted: SendEncrypted) =>
      sendEncrypted(
        () => wx.getWeRunData(),
        ({ encryptedData, iv }) => client.request<{ days: number }>('', { data: { encryptedData, iv } }),
      );
    expectTypeOf<ReturnType<typeof call>>().toEqualTypeOf<Promise<{ days: number }>>();
    const wrong = (sendEncrypted: SendEncrypted) =>
      sendEncrypted(
        () => wx.getSystemInfo(),
        // @ts-expect-error wx.getSystemInfo returns no encrypted data
        ({ encryptedData }) => client.request('', { encryptedData }),
      );
    expectTypeOf(wrong).not.toBeAny();
    expectTypeOf<typeof createEncryptedSender>().parameter(0).not.toBeAny();
    expectTypeOf<Client>().toExtend<Parameters<typeof createEncryptedSender>[0]>();
  });
});
