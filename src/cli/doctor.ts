import { styleText } from 'node:util';
import { runChecks } from '../doctor/checks.ts';
import { createReport, type Finding, type Status } from '../doctor/findings.ts';
import type { DefinedModule } from '../modules/module.ts';
import { openEnvironment } from './environment-source.ts';
import { explainFailure } from './explain.ts';

const USAGE = `Usage:
  npm run doctor             prints one line for each check
  npm run doctor -- --json   prints one JSON document
`;

const LABELS = {
  ok: { text: 'ok', color: 'green' },
  skipped: { text: 'skipped', color: 'gray' },
  warning: { text: 'WARNING', color: 'yellow' },
  failed: { text: 'FAILED', color: 'red' },
} as const satisfies Record<Status, { text: string; color: string }>;

const LABEL_WIDTH = 9;

/** Examines what the server depends on, and changes nothing. */
export async function diagnose(
  [option, ...rest]: readonly string[],
  modules: readonly DefinedModule[],
): Promise<void> {
  if ((option !== undefined && option !== '--json') || rest.length > 0) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  // The reader of a pipe is gone.
  process.stdout.on('error', () => process.exit(1));
  const asJson = option === '--json';
  const findings: Finding[] = [];
  const subject = {
    env: openEnvironment().env,
    modules,
    now: Date.now,
    explain: (error: unknown) => explainFailure(error),
  };
  for await (const finding of runChecks(subject)) {
    findings.push(finding);
    if (!asJson) await print(formatFinding(finding));
  }
  const report = createReport(findings);
  await print(asJson ? `${JSON.stringify(report, null, 2)}\n` : formatSummary(findings));
  // A connection that is still being made would keep the process running.
  process.exit(report.status === 'failed' ? 1 : 0);
}

function formatFinding({ check, subject, status, message, remedy }: Finding): string {
  const { text, color } = LABELS[status];
  const label = process.stdout.isTTY ? styleText(color, text) : text;
  const line = `${label}${' '.repeat(LABEL_WIDTH - text.length)}${check}${subject ? ` ${subject}` : ''}: ${message}\n`;
  return remedy === undefined ? line : `${line}${' '.repeat(LABEL_WIDTH)}→ ${remedy}\n`;
}

function formatSummary(findings: readonly Finding[]): string {
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length;
  const warnings = count('warning');
  return `\n${count('failed')} failed, ${warnings} warning${warnings === 1 ? '' : 's'}\n`;
}

/** Waits until the text is written: the process ends after the last one. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
