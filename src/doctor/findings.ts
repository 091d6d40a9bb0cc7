export type Status = 'ok' | 'skipped' | 'warning' | 'failed';

/** One line of the report. It holds no secret. */
export type Finding = {
  /** A stable name, such as `database-version`. */
  check: string;
  /** What the check looked at, if there are several: an AppID, or a host of the database. */
  subject?: string;
  status: Status;
  message: string;
  /** What to do. */
  remedy?: string;
};

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message };
}

export function warning(check: string, message: string, remedy: string): Finding {
  return { check, status: 'warning', message, remedy };
}

/** @param remedy omitted if the message has it */
export function failed(check: string, message: string, remedy?: string): Finding {
  return { check, status: 'failed', message, ...(remedy === undefined ? {} : { remedy }) };
}

export function skipped(check: string, message: string): Finding {
  return { check, status: 'skipped', message };
}

/** Adds the subject to each finding. */
export function about(subject: string, findings: readonly Finding[]): Finding[] {
  return findings.map(({ check, ...rest }) => ({ check, subject, ...rest }));
}

export type Report = {
  /** The worst status of the findings; `skipped` counts as `ok`. */
  status: Exclude<Status, 'skipped'>;
  findings: readonly Finding[];
};

export function createReport(findings: readonly Finding[]): Report {
  const has = (status: Status) => findings.some((finding) => finding.status === status);
  return { status: has('failed') ? 'failed' : has('warning') ? 'warning' : 'ok', findings };
}
