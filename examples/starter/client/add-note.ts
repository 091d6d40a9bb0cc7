import { AddNoteDocument, LoginDocument, NotesDocument, type TypedDocumentString } from './gql/graphql.ts';

const url = process.env.GRAPHQL_URL ?? 'http://localhost:4000/graphql';

type Errors = { message: string; extensions: { code: string; action: string } }[];

async function send<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  token = '',
): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors }: { data: Result; errors?: Errors } = JSON.parse(await response.text());
  if (errors?.[0]) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  return data;
}

const { login } = await send(LoginDocument, { code: 'dev:alice' });
await send(AddNoteDocument, { text: 'Buy milk' }, login.token);
const { notes } = await send(NotesDocument, { first: 20 }, login.token);
for (const edge of notes?.edges ?? []) process.stdout.write(`${edge?.node.text}\n`);
