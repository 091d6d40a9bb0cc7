/* eslint-disable */
import * as types from './graphql.js';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "mutation Login($code: String!) {\n  login(code: $code) {\n    token\n  }\n}\n\nmutation AddNote($text: String!) {\n  addNote(text: $text) {\n    note {\n      id\n      createdAt\n    }\n  }\n}\n\nquery Notes($first: Int) {\n  notes(first: $first) {\n    edges {\n      node {\n        text\n      }\n    }\n  }\n}": typeof types.LoginDocument,
};
const documents: Documents = {
    "mutation Login($code: String!) {\n  login(code: $code) {\n    token\n  }\n}\n\nmutation AddNote($text: String!) {\n  addNote(text: $text) {\n    note {\n      id\n      createdAt\n    }\n  }\n}\n\nquery Notes($first: Int) {\n  notes(first: $first) {\n    edges {\n      node {\n        text\n      }\n    }\n  }\n}": types.LoginDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Login($code: String!) {\n  login(code: $code) {\n    token\n  }\n}\n\nmutation AddNote($text: String!) {\n  addNote(text: $text) {\n    note {\n      id\n      createdAt\n    }\n  }\n}\n\nquery Notes($first: Int) {\n  notes(first: $first) {\n    edges {\n      node {\n        text\n      }\n    }\n  }\n}"): typeof import('./graphql.js').LoginDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
