import { MultiBar } from 'cli-progress';
import { paintFor } from './paint.ts';
import type { Progress } from './watch.ts';

/** Where progress is shown. */
export interface Screen {
  show(progress: Progress): void;
  /** Leaves the last state standing. */
  stop(): void;
}

const narrowest = 60;
const widestBar = 60;
/** Everything on a bar's line but the bar. */
const besideBar = 54;
const labelWidth = 18;
const plainEveryMs = 2_000;

/** Live bars on a terminal; elsewhere a line now and then, so that a log of it can be read. */
export function createScreen(output: NodeJS.WriteStream): Screen {
  return output.isTTY ? createBars(output) : createLines(output);
}

function createBars(output: NodeJS.WriteStream): Screen {
  const barsize = Math.min(widestBar, Math.max(10, (output.columns ?? narrowest) - besideBar));
  const paint = paintFor(output);
  const multi = new MultiBar({
    stream: output,
    barsize,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    fps: 8,
    format: `  {label} ${paint('green', '{bar}')} {share}  {count}  {time}`,
    emptyOnZero: true,
    forceRedraw: true,
  });
  const line = (): ReturnType<MultiBar['create']> =>
    multi.create(1, 0, { text: '' }, { format: `  ${paint('dim', '{text}')}` });
  const blank = { label: '', share: '', count: '', time: '' };
  const total = multi.create(1, 0, { ...blank, label: 'all changes'.padEnd(labelWidth) });
  const bars: ReturnType<MultiBar['create']>[] = [];
  const texts: ReturnType<MultiBar['create']>[] = [];
  return {
    show(progress) {
      while (bars.length < progress.jobs.length) bars.push(multi.create(1, 0, { ...blank }));
      while (texts.length < 2) texts.push(line());
      total.setTotal(progress.total);
      total.update(progress.done, { ...figuresOf(progress), time: timeOf(progress) });
      progress.jobs.forEach((job, index) => {
        bars[index]?.setTotal(job.total);
        const label = job.label.padEnd(labelWidth);
        bars[index]?.update(job.done, { label, ...figuresOf(job), time: '' });
      });
      texts[0]?.update(1, { text: `${'now'.padEnd(labelWidth)} ${stateOf(progress)}` });
      texts[1]?.update(1, { text: `${'met so far'.padEnd(labelWidth)} ${metOf(progress)}` });
    },
    stop: () => multi.stop(),
  };
}

function createLines(output: NodeJS.WriteStream): Screen {
  let shownAt = Number.NEGATIVE_INFINITY;
  let last = '';
  const write = (progress: Progress): void => {
    const { share, count } = figuresOf(progress);
    const time = timeOf(progress).padEnd(26);
    const text = `  ${share} ${count}  ${time} ${stateOf(progress)}; met ${metOf(progress)}\n`;
    if (text !== last) output.write(text);
    last = text;
  };
  let latest: Progress | null = null;
  return {
    show(progress) {
      latest = progress;
      if (progress.elapsedMs - shownAt < plainEveryMs) return;
      shownAt = progress.elapsedMs;
      write(progress);
    },
    stop() {
      if (latest) write(latest);
    },
  };
}

function figuresOf({ done, total }: { done: number; total: number }): {
  share: string;
  count: string;
} {
  const percent = total === 0 ? 0 : Math.floor((done / total) * 100);
  return { share: `${percent} %`.padStart(5), count: `${done}/${total}`.padStart(7) };
}

function timeOf({ elapsedMs, remainingMs }: Progress): string {
  const elapsed = `${Math.round(elapsedMs / 1_000)} s`.padStart(4);
  return remainingMs === null ? elapsed : `${elapsed}, ${Math.ceil(remainingMs / 1_000)} s left`;
}

function stateOf({ queued, sending, settling, failed }: Progress): string {
  const parts = [`${queued} queued`, `${sending} being sent`, `${settling} settling`];
  return [...parts, ...(failed > 0 ? [`${failed} failed`] : [])].join(', ');
}

function metOf({ met }: Progress): string {
  const { busy, throttled, lost, edits } = met;
  return `${busy} busy, ${throttled} throttled, ${lost} lost, ${edits} edits by others`;
}
