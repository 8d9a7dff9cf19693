import type { Failure } from './side.ts';

/** What happened on a tunnel, at Unix milliseconds of the simulator's clock. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

/** Lines that a tunnel keeps; older ones are forgotten, so that a long run stays small. */
const MOST_LINES = 120;

/** The latest that happened on one tunnel, oldest first. */
export class TunnelLog {
  #lines: LogLine[] = [];

  add(at: number, text: string): void {
    this.#lines.push({ at, text });
    if (this.#lines.length > 2 * MOST_LINES) this.#lines = this.#lines.slice(-MOST_LINES);
  }

  lines(): readonly LogLine[] {
    return this.#lines.slice(-MOST_LINES);
  }
}

/*
 * The form of the one line that the documents show (DiagnoseVpnConnections, `SourceLog`), whose function name is one of
 * racoon's; what racoon says when it succeeds is from its sources (`log_ph1established`, `pk_recvupdate`).
 */

export const ikeEstablished =
  '[PROTO_NOTIFY]: isakmp.c:2997:log_ph1established(): ISAKMP-SA established';
export const ipsecEstablished =
  '[PROTO_NOTIFY]: pfkey.c:1230:pk_recvupdate(): IPsec-SA established: ESP/Tunnel';

const FAILURE_TEXTS: { readonly [Code in Failure['code']]: string } = {
  PeerMismatch:
    '[PROTO_ERR]: ikev1.c:2345:isakmp_parsewoh(): invalid length of payload, decryption failed',
  AlgorithmMismatch: '[PROTO_ERR]: ipsec_doi.c:410:get_ph1approval(): no suitable proposal found',
  EncryptionAlgorithmMismatch:
    '[PROTO_ERR]: proposal.c:470:cmpsatrns(): trns_id mismatched, encryption algorithm differs',
  AuthenticationAlgorithmMismatch:
    '[PROTO_ERR]: ipsec_doi.c:380:get_ph1approvalx(): rejected hashtype, authentication algorithm differs',
  DhGroupMismatch: '[PROTO_ERR]: ipsec_doi.c:390:get_ph1approvalx(): rejected dh_group',
  Phase1NegotiationTimeout:
    '[PROTO_ERR]: ikev1.c:1433:isakmp_ph1resend(): phase1 negotiation failed due to time up.',
};

/** What the log says of a negotiation that came to nothing; no key is in it. */
export function failureText({ code, local, remote }: Failure): string {
  const text = FAILURE_TEXTS[code];
  return local === '' ? text : `${text} [local: ${local}, remote: ${remote}]`;
}
