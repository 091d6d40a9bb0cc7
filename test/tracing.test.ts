import { createServer, type IncomingHttpHeaders } from 'node:http';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { canariesIn } from './support/canaries.ts';
import { type Product, startProduct } from './support/product.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
const LOGIN = 'mutation Login($code: String!) { login(code: $code) { token user { id } } }';

describe('traces', () => {
  let product: Product;
  let received: IncomingHttpHeaders[] = [];
  const wechat = createServer((request, response) => {
    received.push(request.headers);
    fetch(`${product.sandbox.url}${request.url}`)
      .then((inner) => inner.text())
      .then((text) => response.end(text));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => wechat.listen(0, '127.0.0.1', resolve));
    const address = wechat.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    product = await startProduct('file::memory:', { WECHAT_API_URL: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await product.close();
    wechat.closeAllConnections();
    wechat.close();
  });
  afterEach(() => {
    received = [];
  });

  const logIn = (code: string, headers: Record<string, string> = {}) =>
    product.query<{ login: { token: string } }>(LOGIN, { variables: { code }, headers });

  test('without an SDK, a call to WeChat has the traceparent of its request', async () => {
    await logIn('dev:traced', { traceparent: TRACEPARENT });
    expect(received.map(({ traceparent }) => traceparent)).toEqual([TRACEPARENT]);
    await logIn('dev:traced');
    await logIn('dev:traced', { traceparent: `${TRACEPARENT}\u0009x` });
    expect(received.slice(1).map(({ traceparent }) => traceparent)).toEqual([undefined, undefined]);
  });

  describe('with an SDK', () => {
    const exporter = new InMemorySpanExporter();
    beforeAll(() => {
      const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
      provider.register();
    });
    afterAll(() => {
      trace.disable();
      context.disable();
      propagation.disable();
    });
    afterEach(() => exporter.reset());
    const spans = () =>
      new Map(exporter.getFinishedSpans().map((span): [string, ReadableSpan] => [span.name, span]));

    test('operation, call to WeChat and statements are spans of the trace of the request', async () => {
      await logIn('dev:spans', { traceparent: TRACEPARENT });
      const operation = spans().get('GraphQL mutation');
      expect(operation?.spanContext().traceId).toBe(TRACE_ID);
      expect(operation?.parentSpanContext?.spanId).toBe(SPAN_ID);
      expect(operation?.kind).toBe(SpanKind.SERVER);
      expect(operation?.attributes).toEqual({
        'graphql.operation.type': 'mutation',
        'graphql.operation.name': 'Login',
      });
      for (const name of ['WeChat jscode2session', 'database insert', 'database select']) {
        const span = spans().get(name);
        expect(span?.kind, name).toBe(SpanKind.CLIENT);
        expect(span?.parentSpanContext?.spanId, name).toBe(operation?.spanContext().spanId);
      }
      const call = spans().get('WeChat jscode2session')?.spanContext();
      expect(received[0]?.traceparent).toBe(`00-${TRACE_ID}-${call?.spanId}-01`);
    });

    test('a request without a traceparent begins a trace, in both lanes, with its statements', async () => {
      const { data } = await logIn('dev:owner');
      exporter.reset();
      for (let i = 0; i < 13; i++)
        await product.query('query Own { me { id } }', { token: data?.login.token });
      const operations = exporter.getFinishedSpans().filter(({ name }) => name === 'GraphQL query');
      expect(operations).toHaveLength(13);
      expect(new Set(operations.map((span) => span.spanContext().traceId)).size).toBe(13);
      expect(operations.every((span) => span.parentSpanContext === undefined)).toBe(true);
      const statements = exporter.getFinishedSpans().filter(({ name }) => name === 'database select');
      const parents = statements.map((span) => span.parentSpanContext?.spanId);
      expect(parents).toEqual(operations.map((span) => span.spanContext().spanId));
    });

    test('a call that fails is marked, and no span holds a secret', async () => {
      await logIn('fault:40029');
      expect(spans().get('WeChat jscode2session')?.status).toEqual({ code: SpanStatusCode.ERROR });
      await logIn('dev:CANARYcode0123');
      const text = JSON.stringify(
        exporter.getFinishedSpans().map(({ name, attributes, events, status }) => ({
          ...{ name, attributes, events, status },
        })),
      );
      expect(canariesIn(text)).toEqual([]);
      expect(text).not.toContain('CANARYcode0123');
    });
  });
});
