import type { ExecutionResult } from 'graphql';
import { LRUCache } from 'lru-cache';
import { isRecord, parseObject } from '../common/json.ts';
import { type Connection, type CreateContext, senderOf } from '../context.ts';
import type { Log } from '../ops/log.ts';
import type { CompiledOperation } from './compiled-operation.ts';
import type { Documents } from './documents.ts';
import { type HttpReply, type HttpRequest, JSON_TYPE } from './lane.ts';
import {
  type CreateReport,
  inOperationSpan,
  type Outcome,
  type ReportOperation,
} from './operation-report.ts';
import type { PersistedParams } from './persisted.ts';
import { type Finishing, finishError } from './result.ts';
import type { VariableCheck } from './variables.ts';

export type CompiledLaneOptions = {
  createContext: CreateContext;
  log: Log;
  createReport: CreateReport;
  documents: Pick<Documents, 'compiledOperation'>;
  checkVariables: VariableCheck;
  /** Replaces the query of a request by that of a persisted document; undefined accepts any query. */
  toPersistedQuery: ((params: PersistedParams) => string) | undefined;
  finishing: Finishing;
};

/** Undefined if the request is for the lane of Yoga; nothing of it has been executed then. */
export type CompiledLane = (
  url: string,
  request: HttpRequest,
  connection: Connection,
) => Promise<HttpReply | undefined>;

/** What mini programs, fetch and axios send. With any other Yoga negotiates. */
const JSON_ACCEPTS: ReadonlySet<string | undefined> = new Set([
  undefined,
  '*/*',
  'application/json',
  'application/json, text/plain, */*',
]);

const HEADERS = { 'content-type': JSON_TYPE };

/** Bodies without variables are the same text each time, so they are parsed once. Their texts have at most 400 KB. */
const MAX_CONSTANT_BODIES = 100;
const MAX_CONSTANT_CHARS = 2048;

/**
 * Executes the POST of a compiled document, without Yoga. Its checks are those of the lane of Yoga; a request that fails
 * one is left to Yoga, so that there is one place that says what is wrong.
 */
export function createCompiledLane({
  createContext,
  log,
  createReport,
  documents,
  checkVariables,
  toPersistedQuery,
  finishing,
}: CompiledLaneOptions): CompiledLane {
  const constantBodies = new LRUCache<string, Accepted>({ max: MAX_CONSTANT_BODIES });
  const reports = new WeakMap<CompiledOperation, ReportOperation>();

  function accept(body: string): Accepted | undefined {
    const known = constantBodies.get(body);
    if (known) return known;
    const params = readParams(body);
    const accepted = params && acceptParams(params);
    if (accepted && isEmpty(accepted.variables) && body.length <= MAX_CONSTANT_CHARS)
      constantBodies.set(body, accepted);
    return accepted;
  }

  function acceptParams(params: Params): Accepted | undefined {
    const source = readQuery(params);
    if (source === undefined) return undefined;
    const variables = params.variables ?? {};
    const compiled = documents.compiledOperation(source, params.operationName ?? null);
    if (!compiled || checkVariables(compiled.operation, variables)) return undefined;
    return { compiled, variables, report: reportOf(compiled) };
  }

  function reportOf(compiled: CompiledOperation): ReportOperation {
    const report = reports.get(compiled) ?? createReport('compiled', compiled.description);
    reports.set(compiled, report);
    return report;
  }

  function readQuery(params: Params): string | undefined {
    if (!toPersistedQuery) return params.documentId === undefined ? params.query : undefined;
    try {
      return toPersistedQuery(params);
    } catch {
      return undefined;
    }
  }

  function finish(result: ExecutionResult, requestId: string): { body: string; errors: Finished[] } {
    if (!result.errors) return { body: JSON.stringify(result), errors: [] };
    const requestLog = log.child({ requestId });
    const errors = result.errors.map((error) => {
      const finished = finishError(error, { log: requestLog, ...finishing });
      return { ...finished.toJSON(), extensions: finished.extensions, locations: error.locations };
    });
    return { body: JSON.stringify({ errors, data: result.data }), errors };
  }

  return async (url, request, connection) => {
    const { method, headers, body } = request;
    if (method !== 'POST' || body === undefined || url.includes('?') || !JSON_ACCEPTS.has(headers.accept))
      return undefined;
    const startedAt = performance.now();
    const accepted = accept(body);
    if (!accepted) return undefined;
    const { compiled, variables, report } = accepted;
    const context = createContext(connection, headers);
    const result = await inOperationSpan(compiled.description, headers, async () => {
      // Then the scopes need not wait. A failure is reported by the fields that ask again.
      if (compiled.readsViewer) await context.viewer().catch(() => undefined);
      return compiled.execute(context, variables);
    });
    const { body: text, errors } = finish(result, connection.requestId);
    report({
      requestId: connection.requestId,
      errors,
      durationMs: performance.now() - startedAt,
      bytes: Buffer.byteLength(text),
      user: context.identity(),
      ...senderOf(headers),
    });
    return { status: 200, headers: HEADERS, body: text };
  };
}

/** A request that passed all checks: its compiled operation and its variables. */
type Accepted = { compiled: CompiledOperation; variables: object; report: ReportOperation };

type Finished = Outcome['errors'][number];

type Params = {
  query: string | undefined;
  documentId: string | undefined;
  operationName: string | null | undefined;
  variables: Record<string, unknown> | null | undefined;
};

const MEMBERS: ReadonlySet<string> = new Set(['query', 'documentId', 'operationName', 'variables']);

/** Undefined if a member is unknown or has an unusual type. */
function readParams(body: string): Params | undefined {
  const params = parseObject(body);
  if (!params) return undefined;
  for (const name in params) if (!MEMBERS.has(name)) return undefined;
  const { query, documentId, operationName, variables } = params;
  if (!isTextOrAbsent(query) || !isTextOrAbsent(documentId)) return undefined;
  if (operationName !== null && !isTextOrAbsent(operationName)) return undefined;
  if (variables !== null && variables !== undefined && !isRecord(variables)) return undefined;
  return { query, documentId, operationName, variables };
}

function isEmpty(variables: object): boolean {
  for (const _ in variables) return false;
  return true;
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
