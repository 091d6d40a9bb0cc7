import type { IncomingHttpHeaders } from 'node:http';
import type { Connection } from '../context.ts';

/** A request with header names in lower case. */
export type HttpRequest = { method: string; headers: IncomingHttpHeaders; body?: string };

export type HttpReply = { status: number; headers: Readonly<Record<string, string>>; body: string };

/** Executes a request to /graphql. execute.ts provides it; the lane of Yoga is one. */
export type GraphQLExecutor = (
  url: string,
  request: HttpRequest,
  connection: Connection,
) => Promise<HttpReply>;

export const JSON_TYPE = 'application/json; charset=utf-8';
