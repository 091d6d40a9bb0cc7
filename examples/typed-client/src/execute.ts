import type { TypedDocumentString } from './gql/graphql.ts';

type Errors = { message: string; extensions: { code: string; action: string } }[];

/**
 * Sends a typed document by fetch.
 * @throws {Error} with the code and message of the first error of the response
 */
export async function execute<Result, Variables>(
  url: string,
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  token?: string,
): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors }: { data: Result; errors?: Errors } = JSON.parse(await response.text());
  if (errors?.[0]) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  return data;
}
