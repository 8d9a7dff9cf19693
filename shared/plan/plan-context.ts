import type { Clock } from '../platform/clock.ts';
import type { Fault } from '../platform/errors.ts';
import { pointerOf } from '../platform/http/faults.ts';
import { Handover } from './handover.ts';
import { isNested } from './nested-fields.ts';
import { Window } from './window.ts';

/** What a plan is checked against besides itself. */
export interface PlanContext {
  /** Names of the configured sinks. */
  sinks: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What the context is made of. */
export interface PlanContextDeps {
  /** Names of the configured sinks. */
  sinkNames: ReadonlySet<string>;
  clock: Clock;
}

/** The context of a plan that is submitted now. */
export function planContextOf({ sinkNames, clock }: PlanContextDeps): PlanContext {
  return { sinks: sinkNames, now: clock.now() };
}

/** What of a plan, as it is written, does not fit where and when it is submitted. Fields with faults of their own are left out. */
export function contextFaults(plan: unknown, { sinks, now }: PlanContext): readonly Fault[] {
  if (!isNested(plan)) return [];
  const handover = Handover.safeParse(plan.handover ?? {}).data;
  const configured = sinks.size === 0 ? 'none is' : `there are ${[...sinks].sort().join(', ')}`;
  const unknown = (handover?.deliverTo ?? []).flatMap((name, index): Fault[] =>
    sinks.has(name)
      ? []
      : [
          {
            path: pointerOf(['handover', 'deliverTo', index]),
            message: `is no configured sink; ${configured}`,
          },
        ],
  );
  const { notAfter } = Window.safeParse(plan.window ?? {}).data ?? {};
  const isOver = notAfter !== undefined && Date.parse(notAfter) <= now;
  return [
    ...unknown,
    ...(isOver ? [{ path: pointerOf(['window', 'notAfter']), message: 'is over already' }] : []),
  ];
}
