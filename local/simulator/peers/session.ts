import { roll } from '../random.ts';
import type { Adoption, NegotiationStatus } from '../shapes.ts';
import { type Delivery, PeerDevice } from './peer-device.ts';
import {
  type Failure,
  ikeFailure,
  ipsecFailure,
  type Side,
  type SideChange,
  silence,
} from './side.ts';
import {
  failureText,
  ikeEstablished,
  ipsecEstablished,
  type LogLine,
  TunnelLog,
} from './tunnel-log.ts';

/** How tunnels negotiate; all tunnels of a simulator share it. */
export interface NegotiationRules {
  readonly seed: number;
  /** How long a negotiation takes that has no old SA to bridge it. */
  readonly handshakeMs: number;
  /** How long both sides wait after a failed one before they try again. */
  readonly retryMs: number;
}

/** Why a tunnel went down. */
export interface Cause {
  readonly kind: 'write' | 'lifetime' | 'peer' | 'network' | 'operator';
  /** Of the write; null for the others. */
  readonly requestId: string | null;
}

/** A tunnel came up or went down, at Unix milliseconds. */
export interface Flip {
  readonly at: number;
  readonly isUp: boolean;
  /** Of going down; of coming up, why it had been down. */
  readonly cause: Cause;
}

/** A security association: from when until when it holds at most. */
interface Span {
  readonly since: number;
  readonly until: number;
}

type SaState =
  | { readonly kind: 'up'; readonly ike: Span; readonly ipsec: Span }
  | { readonly kind: 'negotiating'; readonly doneAt: number }
  /** `retryAt` is infinite as long as the two sides differ: trying again changes nothing. */
  | {
      readonly kind: 'failed';
      readonly since: number;
      readonly failure: Failure;
      readonly retryAt: number;
    }
  /** Something outside keeps it in this status. */
  | { readonly kind: 'held'; readonly since: number; readonly status: NegotiationStatus };

/** Lifetime 0 is allowed, and nobody says what it means: the default (API document, `IkeLifetime`). */
const DEFAULT_LIFETIME_SECONDS = 86_400;

/** Rekeys of a long sleep that leave a line each; the ones before them leave none. */
const REKEYS_SHOWN = 10;

/** Failed attempts that leave a line each when a failure is over. */
const FAILURES_SHOWN = 20;

const byLifetime: Cause = { kind: 'lifetime', requestId: null };
const byPeer: Cause = { kind: 'peer', requestId: null };
const byNetwork: Cause = { kind: 'network', requestId: null };

/**
 * One tunnel between the cloud and its peer. An SA is made by the values of both sides at the moment of negotiation and
 * lives on when they change, until it is reset or its lifetime is over. Nothing here has a timer: `step` carries out
 * what is due next, and whoever looks calls it until nothing is.
 */
export class TunnelSession {
  /** Null on single-tunnel connections. */
  readonly tunnelId: string | null;
  readonly #rules: NegotiationRules;
  readonly #name: string;
  readonly #flipped: (flip: Flip) => void;
  readonly #log = new TunnelLog();
  readonly #peer: PeerDevice;
  #cloud: Side;
  #state: SaState;
  #downBy: Cause = byNetwork;

  constructor(options: {
    readonly tunnelId: string | null;
    /** What is random about it depends on this name. */
    readonly name: string;
    readonly side: Side;
    readonly status: NegotiationStatus;
    readonly adoption: Adoption;
    readonly at: number;
    readonly rules: NegotiationRules;
    readonly flipped: (flip: Flip) => void;
  }) {
    this.tunnelId = options.tunnelId;
    this.#name = options.name;
    this.#rules = options.rules;
    this.#flipped = options.flipped;
    this.#cloud = options.side;
    this.#peer = new PeerDevice(options.side, options.adoption);
    this.#state =
      options.status === 'ipsec_sa_established'
        ? { kind: 'up', ike: this.#aged('ike', options.at), ipsec: this.#aged('ipsec', options.at) }
        : { kind: 'held', since: options.at, status: options.status };
  }

  get isUp(): boolean {
    return this.#state.kind === 'up';
  }

  /** `Status` of the tunnel (API document DescribeVpnConnection). */
  get status(): NegotiationStatus {
    const state = this.#state;
    switch (state.kind) {
      case 'up':
        return 'ipsec_sa_established';
      case 'held':
        return state.status;
      case 'failed':
        return state.failure.phase === 1 ? 'ike_sa_not_established' : 'ipsec_sa_not_established';
      default:
        return 'ike_sa_not_established';
    }
  }

  /** When something happens by itself next, Unix milliseconds; infinite when nothing will. */
  get nextAt(): number {
    return Math.min(this.#peer.nextAt, this.#ownNextAt());
  }

  /** The key that either side has, which is not what the SAs were made by. */
  get keys(): { readonly cloud: string; readonly peer: string } {
    return { cloud: this.#cloud.ike.Psk, peer: this.#peer.side.ike.Psk };
  }

  /** The SAs that stand; null while the tunnel is down. */
  get sas(): { readonly ike: Span; readonly ipsec: Span } | null {
    return this.#state.kind === 'up' ? { ike: this.#state.ike, ipsec: this.#state.ipsec } : null;
  }

  /** Why it is down, and when that showed last; null while it is up or a negotiation is under way. */
  failureAt(now: number): (Failure & { readonly failedAt: number }) | null {
    const state = this.#state;
    if (state.kind !== 'failed' && state.kind !== 'held') return null;
    const failure = state.kind === 'failed' ? state.failure : silence;
    const { retryMs } = this.#rules;
    return {
      ...failure,
      failedAt: state.since + Math.floor((now - state.since) / retryMs) * retryMs,
    };
  }

  /** What happened between two moments, both included, oldest first; only the latest is remembered. */
  linesBetween(from: number, to: number): readonly LogLine[] {
    return [...this.#log.lines(), ...this.#attempts(to)].filter(({ at }) => at >= from && at <= to);
  }

  /** Carries out what is due at {@link nextAt}. `horizon` is how far the caller will go: nobody interferes before. */
  step(horizon: number): void {
    const at = this.nextAt;
    if (this.#peer.nextAt === at) {
      if (this.#peer.adoptNext()) this.#renegotiate(at, byPeer);
      return;
    }
    const state = this.#state;
    if (state.kind === 'negotiating') this.#negotiate(at, this.#downBy);
    if (state.kind === 'failed') this.#renegotiate(at, this.#downBy);
    if (state.kind === 'up') this.#rekey(state, at, Math.min(horizon, this.#peer.nextAt));
  }

  /** The cloud's values changed; with `reset`, its SAs are gone and it negotiates at once. */
  cloudChanged(side: Side, at: number, reset: Cause | null): void {
    this.#cloud = side;
    const isPeerNew = this.#peer.cloudChanged(side, at);
    if (reset !== null) this.#renegotiate(at, reset);
    else if (isPeerNew) this.#renegotiate(at, byPeer);
    else this.#mayRetry(at);
  }

  /** Its SAs are gone, and it negotiates at once. */
  reset(at: number, cause: Cause): void {
    this.#renegotiate(at, cause);
  }

  /** Tells the peer new values. A device that has taken others over makes its SAs anew. */
  deliver(change: SideChange, at: number): Delivery {
    const before = this.#peer.side;
    const delivery = this.#peer.deliver(change, at);
    if (this.#peer.side !== before) this.#renegotiate(at, byPeer);
    return delivery;
  }

  /** Another behaviour of the peer; one that follows has caught up at once. */
  behave(adoption: Adoption, at: number): void {
    this.#peer.behave(adoption);
    if (adoption.kind === 'follows' && this.#peer.cloudChanged(this.#cloud, at)) {
      this.#renegotiate(at, byPeer);
    }
  }

  /** Something outside keeps the tunnel in a status, until it is released by `ipsec_sa_established`. */
  hold(status: NegotiationStatus, at: number): void {
    if (status !== 'ipsec_sa_established') {
      this.#enter({ kind: 'held', since: at, status }, at, byNetwork);
    } else if (this.#state.kind === 'held') {
      this.#enter({ kind: 'negotiating', doneAt: at }, at, this.#downBy);
      this.#renegotiate(at, this.#downBy);
    }
  }

  #ownNextAt(): number {
    const state = this.#state;
    switch (state.kind) {
      case 'up':
        return Math.min(state.ike.until, state.ipsec.until);
      case 'negotiating':
        return state.doneAt;
      case 'failed':
        return state.retryAt;
      default:
        return Number.POSITIVE_INFINITY;
    }
  }

  #renegotiate(at: number, cause: Cause): void {
    if (this.#state.kind === 'held') return;
    const { handshakeMs } = this.#rules;
    if (handshakeMs === 0 || this.#failure() !== null) this.#negotiate(at, cause);
    else this.#enter({ kind: 'negotiating', doneAt: at + handshakeMs }, at, cause);
  }

  /** Both phases, by what the two sides have now. */
  #negotiate(at: number, cause: Cause): void {
    const failure = this.#failure();
    if (failure !== null) {
      this.#fail(failure, at, cause);
      return;
    }
    this.#log.add(at, ikeEstablished);
    this.#log.add(at, ipsecEstablished);
    this.#enter(
      { kind: 'up', ike: this.#span('ike', at), ipsec: this.#span('ipsec', at) },
      at,
      cause,
    );
  }

  #rekey(state: Extract<SaState, { kind: 'up' }>, at: number, horizon: number): void {
    const isIke = state.ike.until === at;
    const failure = (isIke ? ikeFailure : ipsecFailure)(this.#cloud, this.#peer.side);
    if (failure !== null) {
      this.#fail(failure, at, byLifetime);
      return;
    }
    const phase = isIke ? 'ike' : 'ipsec';
    const period = this.#periodMs(phase);
    const unseen = Math.max(0, Math.floor((horizon - at) / period) - REKEYS_SHOWN);
    const since = at + unseen * period;
    // Both sides stay as they are until the horizon, so that all rekeys on the way there end like this one.
    this.#state = { ...state, [phase]: { since, until: since + period } };
    this.#log.add(since, isIke ? ikeEstablished : ipsecEstablished);
  }

  #fail(failure: Failure, at: number, cause: Cause): void {
    this.#enter(
      { kind: 'failed', since: at, failure, retryAt: Number.POSITIVE_INFINITY },
      at,
      cause,
    );
  }

  /** After a change that nobody starts anew because of, a tunnel that is down comes up by its next attempt. */
  #mayRetry(at: number): void {
    const state = this.#state;
    if (state.kind !== 'failed') return;
    const failure = this.#failure();
    if (failure !== null) {
      this.#fail(failure, at, this.#downBy);
      return;
    }
    const { retryMs } = this.#rules;
    const attempts = Math.ceil((at - state.since) / retryMs);
    this.#state = { ...state, retryAt: state.since + attempts * retryMs };
  }

  #failure(): Failure | null {
    return ikeFailure(this.#cloud, this.#peer.side) ?? ipsecFailure(this.#cloud, this.#peer.side);
  }

  #enter(state: SaState, at: number, cause: Cause): void {
    const wasUp = this.isUp;
    for (const line of this.#attempts(at - 1)) this.#log.add(line.at, line.text);
    this.#state = state;
    if (this.isUp === wasUp) return;
    if (wasUp) this.#downBy = cause;
    this.#flipped({ at, isUp: this.isUp, cause: this.#downBy });
  }

  /** The lines of the attempts that failed so far: worked out, since nobody writes them while they fail. */
  #attempts(until: number): readonly LogLine[] {
    const state = this.#state;
    const failure = this.failureAt(until);
    if (failure === null || !('since' in state) || until < state.since) return [];
    const { retryMs } = this.#rules;
    const count = Math.min(FAILURES_SHOWN, 1 + (failure.failedAt - state.since) / retryMs);
    const text = failureText(failure);
    return Array.from({ length: count }, (_, index) => ({
      at: failure.failedAt - (count - 1 - index) * retryMs,
      text,
    }));
  }

  /** An SA of before the beginning, of whatever age. */
  #aged(phase: 'ike' | 'ipsec', at: number): Span {
    const period = this.#periodMs(phase);
    const since = at - Math.floor(roll(this.#rules.seed, 'age', phase, this.#name) * period);
    return { since, until: since + period };
  }

  #span(phase: 'ike' | 'ipsec', at: number): Span {
    return { since: at, until: at + this.#periodMs(phase) };
  }

  /** The shorter of the two sides' lifetimes, less up to a tenth: both rekey before it is over, and not in step. */
  #periodMs(phase: 'ike' | 'ipsec'): number {
    const seconds = [this.#cloud, this.#peer.side].map(
      ({ ike, ipsec }) =>
        (phase === 'ike' ? ike.IkeLifetime : ipsec.IpsecLifetime) || DEFAULT_LIFETIME_SECONDS,
    );
    const margin = roll(this.#rules.seed, 'margin', phase, this.#name) / 10;
    return Math.ceil(Math.min(...seconds) * 1_000 * (1 - margin));
  }
}
