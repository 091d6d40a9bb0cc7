import { withDeadline } from '../common/deadline.ts';
import type { DefinedModule } from '../modules/module.ts';
import type { Check, Subject } from './check.ts';
import { examineConfiguration } from './configuration.ts';
import { checkDatabase } from './database.ts';
import { type Finding, failed, skipped } from './findings.ts';
import { examineModules } from './module-check.ts';
import { checkPort } from './port.ts';
import { checkProxyVariables, checkTrustProxy } from './proxies.ts';
import { checkRedis } from './redis-server.ts';
import { checkRuntime } from './runtime.ts';
import { checkSecrets } from './secret-strength.ts';
import { checkWeChat } from './wechat-account.ts';

/** The checks that need a valid configuration. A new one is one more line here. */
const CHECKS: Readonly<Record<string, Check>> = {
  secrets: checkSecrets,
  database: checkDatabase,
  redis: checkRedis,
  wechat: checkWeChat,
  'trust-proxy': checkTrustProxy,
  port: checkPort,
};

/** Longer than the deadlines that the checks have for their connections. */
const DEADLINE_MS = 20_000;

/** Runs all checks at once. Yields their findings in the order of the list, as soon as they are known. */
export async function* runChecks({
  modules,
  ...subject
}: Omit<Subject, 'config' | 'migrations'> & {
  modules: readonly DefinedModule[];
}): AsyncGenerator<Finding> {
  const { config, findings } = examineConfiguration(subject.env);
  const { migrations, findings: ofModules } = examineModules(modules, config);
  const results = Object.entries(CHECKS).map(([name, check]) =>
    config
      ? runCheck(name, check, { ...subject, config, migrations })
      : [skipped(name, 'needs a valid configuration')],
  );
  yield* checkRuntime();
  yield* checkProxyVariables(subject.env);
  yield* findings;
  yield* ofModules;
  for (const result of results) yield* await result;
}

class CheckTimeout extends Error {}

async function runCheck(name: string, check: Check, subject: Subject): Promise<Finding[]> {
  const running = Promise.resolve().then(() => check(subject));
  try {
    return await withDeadline(DEADLINE_MS, running, () => new CheckTimeout());
  } catch (error) {
    if (error instanceof CheckTimeout)
      return [failed(name, `not finished within ${DEADLINE_MS / 1000} seconds`, 'run it again')];
    // Its message may hold a secret.
    const kind = error instanceof Error ? error.name : 'unknown failure';
    return [failed(name, `the check itself failed (${kind})`, 'report it as a bug')];
  }
}
