/** What a planned run does while a job of its schedule is unfinished. */
export const overlaps = ['skip', 'queue'] as const;

/** What became of a run: a job, nothing because one was unfinished, or nothing because the plan could not be submitted. */
export const runOutcomes = ['submitted', 'skipped', 'failed'] as const;
export type LastOutcome = (typeof runOutcomes)[number];
