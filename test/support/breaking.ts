import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

/** The changes of a schema that break existing clients, one sentence each. */
export async function breakingChanges(before: string, after: string): Promise<string[]> {
  return (await diff(buildSchema(before), buildSchema(after)))
    .filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
    .map(({ message }) => message);
}

/** Whether semver lets a release break: 1.4.0 → 2.0.0, and 0.4.0 → 0.5.0. */
export function mayBreak(before: string, after: string): boolean {
  const [major = 0, minor = 0] = numbers(before);
  const [nextMajor = 0, nextMinor = 0] = numbers(after);
  return nextMajor > major || (major === 0 && nextMajor === 0 && nextMinor > minor);
}

/** Orders versions such as 0.9.0 and 0.10.0: oldest first. */
export function compareVersions(one: string, other: string): number {
  const others = numbers(other);
  return (
    numbers(one)
      .map((part, i) => part - (others[i] ?? 0))
      .find((difference) => difference !== 0) ?? 0
  );
}

function numbers(version: string): number[] {
  return version.split('.').map(Number);
}
