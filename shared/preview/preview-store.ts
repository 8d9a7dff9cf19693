import type { PreviewRequest } from './preview-request.ts';

/** How long a preview can be asked for. */
export const keptMs = 3_600_000;

/** Previews that could not be answered at once. Raises `unavailable` when the database cannot be reached. */
export interface PreviewStore {
  /** Keeps a preview for {@link keptMs}. */
  put(id: string, request: PreviewRequest): Promise<void>;
  /** A preview and its age; null when there is none, or none any more. */
  get(id: string): Promise<{ request: PreviewRequest; ageMs: number } | null>;
}
