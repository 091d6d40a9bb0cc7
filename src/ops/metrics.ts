/** What the server counts for its operator. The methods are called for each request, so they must be cheap. */
export type Metrics = {
  operation(operation: FinishedOperation): void;
  /** @param outcome an error code, or `OK`; its errcode if WeChat returned one */
  login(appId: string, outcome: string, errcode?: number): void;
  /** @param outcome an error code, or `OK` */
  wechatCall(call: {
    endpoint: string;
    outcome: string;
    errcode: number | undefined;
    durationMs: number;
  }): void;
  /**
   * @param kind the first word of the statement, such as `select`
   * @param outcome `OK`, `UNAVAILABLE`, `DUPLICATE` or `FAULT`
   */
  statement(kind: string, outcome: string, durationMs: number): void;
  /** A request that has no viewer, and why. */
  tokenRefused(reason: string): void;
  /** @param variable the variable of the limit that was reached */
  rateLimited(variable: string): void;
  /** A request that was rejected because the process is overloaded: see admission.ts. */
  shed(kind: string): void;
};

/** The text format of Prometheus. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type MetricsSource = {
  /** @param worker the value of the label `worker`, if there are several */
  text(worker?: number): Promise<string>;
};

export type FinishedOperation = {
  lane: string;
  type: string | null;
  name: string | null;
  /** Of failed fields, or of the failed request. */
  codes: readonly string[];
  durationMs: number;
  /** Whether it is known who sent it, by a token or a login. */
  isIdentified: boolean;
};

/** Counts nothing. */
export const NO_METRICS: Metrics = {
  operation: () => undefined,
  login: () => undefined,
  wechatCall: () => undefined,
  statement: () => undefined,
  tokenRefused: () => undefined,
  rateLimited: () => undefined,
  shed: () => undefined,
};
