import type { Worker } from 'node:cluster';
import { isRecord } from '../common/json.ts';
import type { MetricsSource } from './metrics.ts';
import { send, type Workers } from './workers.ts';

/** A worker that is blocked or ends does not respond. */
const TIMEOUT_MS = 1000;

/**
 * The metrics of all workers that respond in time, each with the label `worker`, and of the supervisor. They are not
 * added up: a sum would fall when a worker ends.
 */
export function createWorkerMetrics({
  listening,
  replaced,
}: Pick<Workers, 'listening' | 'replaced'>): MetricsSource {
  let lastId = 0;

  function ask(worker: Worker, position: number): Promise<string | null> {
    const id = ++lastId;
    return new Promise((resolve) => {
      const finish = (text: string | null) => {
        clearTimeout(timer);
        worker.off('message', receive);
        resolve(text);
      };
      const receive = (message: unknown) => {
        if (isRecord(message) && message.type === 'metrics' && message.id === id)
          finish(typeof message.text === 'string' ? message.text : null);
      };
      const timer = setTimeout(finish, TIMEOUT_MS, null);
      worker.on('message', receive);
      send(worker, { type: 'metrics', id, position });
    });
  }

  return {
    async text() {
      const responses = await Promise.all(
        [...listening()].map(([position, worker]) => ask(worker, position)),
      );
      const texts = responses.filter((text) => text !== null);
      const own = [
        ['weapp_login_workers', 'gauge', 'Workers that responded.', texts.length],
        [
          'weapp_login_workers_replaced_total',
          'counter',
          'Workers that ended and were replaced.',
          replaced(),
        ],
      ];
      return merge([
        ...texts,
        own
          .map(
            ([name, type, help, value]) =>
              `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`,
          )
          .join('\n'),
      ]);
    },
  };
}

/** Each metric has its samples of all texts together, as the format demands. */
function merge(texts: readonly string[]): string {
  const samples = new Map<string, string[]>();
  for (const block of texts.flatMap((text) => text.split('\n\n'))) {
    const lines = block.split('\n').filter((line) => line !== '');
    const head = lines.filter((line) => line.startsWith('#')).join('\n');
    const known = samples.get(head) ?? [];
    samples.set(head, [...known, ...lines.filter((line) => !line.startsWith('#'))]);
  }
  return [...samples].map(([head, lines]) => `${[head, ...lines].join('\n')}\n`).join('\n');
}
