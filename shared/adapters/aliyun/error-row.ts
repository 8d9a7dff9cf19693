import type { CloudErrorClass } from '../../connection/vpn-api.ts';

/** Where a code is written down; all of them public. */
export const source = {
  connection: 'document of ModifyVpnConnectionAttribute',
  attachment: 'document of ModifyVpnAttachmentAttribute',
  both: 'documents of ModifyVpnConnectionAttribute and ModifyVpnAttachmentAttribute',
  terraform: 'aliyun/terraform-provider-alicloud, retry lists',
  help: 'help centre, common error codes',
  modifyHelp: 'help centre, ModifyVpnConnectionAttribute and ModifyTunnelAttribute',
  idempotence: 'help centre, VPC idempotence (36569)',
  echo: 'aliyun/openapi-core-ruby-sdk#32',
} as const;

/** A class that an answer of the cloud can have: whatever was answered was sent. */
export type AnsweredClass = Exclude<CloudErrorClass, 'not_sent'>;

/** What one code of the cloud means, or a family of them. */
export interface CodeRow {
  /** In the cloud's own spelling and capitals; a `*` stands for any characters and makes the row a family. */
  code: string;
  class: AnsweredClass;
  /** The documented HTTP status; null where no document names one. It never decides the class. */
  httpStatus: number | null;
  source: string;
  /** A sentence of ours: what it means, and after a semicolon what the operator should do. */
  message: string;
}

type Cells = readonly [code: string, httpStatus: number | null, source: string, message: string];

/** Rows of one class from their cells. */
export function rowsOf(errorClass: AnsweredClass, cells: readonly Cells[]): readonly CodeRow[] {
  return cells.map(([code, httpStatus, from, message]) => ({
    code,
    class: errorClass,
    httpStatus,
    source: from,
    message,
  }));
}
