import type { Connection } from '../context.ts';

/** A request with header names in lower case. */
export type HttpRequest = { method: string; headers: Record<string, string>; body?: string };

/** Executes a request to /graphql. execute.ts provides it; each lane is one. */
export type GraphQLFetch = (url: string, request: HttpRequest, connection: Connection) => Promise<Response>;
