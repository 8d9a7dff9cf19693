import { type ApproveForRoom, createApproveForRoom } from './approve-errand.ts';
import {
  createPreviewForRoom,
  type PreviewErrandDeps,
  type PreviewForRoom,
} from './preview-errand.ts';

/** What a worker does for rooms besides sending. */
export interface Errands {
  preview: PreviewForRoom;
  approve: ApproveForRoom;
}

/** The errands over the same ports as previews and approvals of the API. */
export function createErrands(
  deps: PreviewErrandDeps & Parameters<typeof createApproveForRoom>[0],
): Errands {
  return { preview: createPreviewForRoom(deps), approve: createApproveForRoom(deps) };
}
