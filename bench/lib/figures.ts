/** One measured figure, printed as a line of JSON. */
export interface Figure {
  bench: string;
  metric: string;
  value: number;
  unit: string;
  params: Readonly<Record<string, string | number | boolean>>;
}

/** Collects figures of one benchmark. */
export type Emit = (metric: string, value: number, unit: string, params?: Figure['params']) => void;

/** A benchmark: measures and emits; throws when what it measured is not valid (an overlap, a lost change). */
export type Bench = (emit: Emit) => Promise<void>;

/** Prints each figure on a line of stdout, numbers with four significant digits. */
export function emitterFor(bench: string): Emit {
  return (metric, value, unit, params = {}) => {
    const rounded = Number(value.toPrecision(4));
    process.stdout.write(`${JSON.stringify({ bench, metric, value: rounded, unit, params })}\n`);
  };
}

/** The value below which the given share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle of the samples. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
