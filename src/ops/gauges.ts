/** A value that is read when the metrics are. */
export type Gauge = { name: string; help: string; read(): number };

export type Loads = {
  storage: { load(): { inUse: number; waiting: number } };
  wechat: { load(): { inFlight: number; queued: number; failing: readonly string[] } };
  admission: { inFlight(): number };
  memory: { isUp(): boolean } | undefined;
};

/** What is in progress. */
export function gaugesOf({ storage, wechat, admission, memory }: Loads): readonly Gauge[] {
  return [
    {
      name: 'weapp_login_requests_in_flight',
      help: 'Requests to /graphql that are handled now.',
      read: admission.inFlight,
    },
    {
      name: 'weapp_login_database_connections_in_use',
      help: 'Connections to the database that run a statement.',
      read: () => storage.load().inUse,
    },
    {
      name: 'weapp_login_database_statements_waiting',
      help: 'Statements that wait for a connection.',
      read: () => storage.load().waiting,
    },
    {
      name: 'weapp_login_wechat_calls_in_flight',
      help: 'Calls to WeChat that wait for a response.',
      read: () => wechat.load().inFlight,
    },
    {
      name: 'weapp_login_wechat_calls_queued',
      help: 'Calls to WeChat that wait to be sent (WECHAT_MAX_CALLS).',
      read: () => wechat.load().queued,
    },
    {
      name: 'weapp_login_wechat_circuits_open',
      help: 'APIs of WeChat that fail, so that calls to them fail fast.',
      read: () => wechat.load().failing.length,
    },
    {
      name: 'weapp_login_redis_down',
      help: 'Whether Redis is configured and away, so that each process counts alone.',
      read: () => (memory && !memory.isUp() ? 1 : 0),
    },
  ];
}
