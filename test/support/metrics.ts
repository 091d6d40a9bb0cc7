/** The samples of a text in the format of Prometheus, by name and labels as they are written. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** The sum of all samples of a metric whose labels contain these. */
export function sumOf(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return [...samplesOf(text)]
    .filter(([key]) => key.split('{', 1)[0] === name && wanted.every((part) => key.includes(part)))
    .reduce((sum, [, value]) => sum + value, 0);
}
