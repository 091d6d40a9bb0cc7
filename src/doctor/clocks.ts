import { type Finding, failed, ok, warning } from './findings.ts';

const WARN_MS = 5000;
const FAIL_MS = 60_000;
const CLOCK_REMEDY = 'synchronize the clocks by NTP (`timedatectl set-ntp true`, or chrony)';

/**
 * Compares a clock with ours.
 * @param theirs milliseconds since 1970
 * @param resolutionMs how coarse that time is, together with how long it took to arrive
 */
export function compareClocks(
  check: string,
  name: string,
  { theirs, ours, resolutionMs }: { theirs: number; ours: number; resolutionMs: number },
): Finding {
  const difference = ours - theirs;
  const offBy = Math.abs(difference);
  if (offBy - resolutionMs <= WARN_MS)
    return ok(check, `this machine and ${name} agree within ${Math.max(1, Math.ceil(offBy / 1000))} s`);
  const direction = difference > 0 ? 'ahead of' : 'behind';
  const message = `the clock of this machine is ${Math.round(offBy / 1000)} s ${direction} ${name}`;
  return offBy - resolutionMs <= FAIL_MS
    ? warning(check, message, CLOCK_REMEDY)
    : failed(check, `${message}: tokens and encrypted data expire at the wrong time`, CLOCK_REMEDY);
}
