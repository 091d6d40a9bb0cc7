/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type LoginMutationVariables = Exact<{
  code: string;
}>;


export type LoginMutation = { login: { token: string } };

export type AddNoteMutationVariables = Exact<{
  text: string;
}>;


export type AddNoteMutation = { addNote: { note: { id: string, createdAt: string } } };

export type NotesQueryVariables = Exact<{
  first?: number | null | undefined;
}>;


export type NotesQuery = { notes: { edges: Array<{ node: { text: string } }> } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const LoginDocument = new TypedDocumentString(`
    mutation Login($code: String!) {
  login(code: $code) {
    token
  }
}
    `) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const AddNoteDocument = new TypedDocumentString(`
    mutation AddNote($text: String!) {
  addNote(text: $text) {
    note {
      id
      createdAt
    }
  }
}
    `) as unknown as TypedDocumentString<AddNoteMutation, AddNoteMutationVariables>;
export const NotesDocument = new TypedDocumentString(`
    query Notes($first: Int) {
  notes(first: $first) {
    edges {
      node {
        text
      }
    }
  }
}
    `) as unknown as TypedDocumentString<NotesQuery, NotesQueryVariables>;