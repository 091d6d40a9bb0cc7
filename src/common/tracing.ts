import {
  type Attributes,
  context,
  isSpanContextValid,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/**
 * Spans of OpenTelemetry, by its API alone: unless the process has loaded an SDK, all of this does nothing.
 * Source: https://opentelemetry.io/docs/languages/js/
 */
const TRACER = 'weapp-login';

/**
 * Runs a task in a span, whose name holds nothing that a client sent.
 * @param headers of the request that the task is for: its traceparent is the parent unless there is a span already
 */
export async function inSpan<T>(
  name: string,
  kind: 'SERVER' | 'CLIENT',
  attributes: Attributes,
  task: () => Promise<T> | T,
  headers?: object,
): Promise<T> {
  const active = context.active();
  const parent = headers && !trace.getSpan(active) ? propagation.extract(active, headers) : active;
  const span = trace.getTracer(TRACER).startSpan(name, { kind: SpanKind[kind], attributes }, parent);
  if (!isSpanContextValid(span.spanContext())) return task();
  try {
    return await context.with(trace.setSpan(parent, span), task);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** The traceparent for a call to another server: of the current span, or else the one that the client sent. */
export function outgoingTraceparent(received: string | null): string | null {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? received;
}
