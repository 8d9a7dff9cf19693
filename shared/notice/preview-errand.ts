import { aCardOf, type Card } from '../chat/card.ts';
import type { ChatStore } from '../chat/chat-store.ts';
import { previewCardOf } from '../chat/preview-card.ts';
import { type PlanContextDeps, planContextOf } from '../plan/plan-context.ts';
import { toAppError } from '../platform/errors.ts';
import {
  continuePreview,
  type PreviewDeps,
  type PreviewOutcome,
  previewPlan,
} from '../preview/preview-plan.ts';
import { planOfRun } from '../schedule/plan-of-run.ts';
import { noSuchSchedule } from '../schedule/schedule-name.ts';
import type { ScheduleStore } from '../schedule/schedule-store.ts';
import { openedPlanOf } from '../schedule/stored-plan.ts';
import type { Sealer } from '../secret/sealer.ts';

/** The preview that a room asked for, or when to ask for it again. */
export type PreviewForRoom = (asked: {
  schedule: string;
  previewId: string | null;
}) => Promise<
  { kind: 'ready'; card: Card } | { kind: 'pending'; previewId: string; retryInMs: number }
>;

export interface PreviewErrandDeps extends PreviewDeps, PlanContextDeps {
  chats: Pick<ChatStore, 'settleMs'>;
  schedules: ScheduleStore;
  sealer: Sealer;
}

/** Previews schedules for rooms. What cannot be previewed is said on the card. */
export function createPreviewForRoom(deps: PreviewErrandDeps): PreviewForRoom {
  return async ({ schedule, previewId }) => {
    try {
      const outcome = await (previewId === null
        ? begin(deps, schedule)
        : continuePreview(deps, previewId));
      if (outcome.kind === 'pending') {
        return { kind: 'pending', previewId: outcome.id, retryInMs: outcome.retryInMs };
      }
      const settleMs = await deps.chats.settleMs();
      return { kind: 'ready', card: previewCardOf(outcome.preview, { schedule, settleMs }) };
    } catch (error) {
      const { code, message, faults } = toAppError(error);
      if (code === 'unavailable') throw error;
      const lines = [
        `${message}.`,
        ...faults.slice(0, 10).map((fault) => `${fault.path}: ${fault.message}`),
      ];
      return {
        kind: 'ready',
        card: aCardOf({ title: `No preview of ${schedule}`, tone: 'bad', lines }),
      };
    }
  };
}

async function begin(deps: PreviewErrandDeps, name: string): Promise<PreviewOutcome> {
  const schedule = await deps.schedules.get(name);
  if (schedule === null) throw noSuchSchedule();
  const context = planContextOf(deps);
  const opened = openedPlanOf(deps.sealer, schedule, context);
  return previewPlan(deps, planOfRun(opened, { plannedAt: null, now: context.now }));
}
