import { SimulatorError } from '../errors.ts';
import { touchedTunnels, touchesOnlyTunnel } from '../patch.ts';
import type { ConnectionEntry, Lane } from '../region-index.ts';
import type { Adoption, Connection, ConnectionPatch, NegotiationStatus } from '../shapes.ts';
import { type OutageRecord, type OutageSubject, Outages } from './outages.ts';
import type { Delivery } from './peer-device.ts';
import { type Cause, type Flip, type NegotiationRules, TunnelSession } from './session.ts';
import { cloudSideOf, isSameSide, type SideChange } from './side.ts';

/** How the tunnels of an account negotiate. */
export interface NegotiationOptions extends NegotiationRules {
  /** What `EffectImmediately` resets when a change takes effect: the tunnels it worked on, or all of the connection. */
  readonly resets: 'tunnel' | 'connection';
}

/** From worst to best. */
const STATUSES: readonly NegotiationStatus[] = [
  'ike_sa_not_established',
  'ike_sa_established',
  'ipsec_sa_not_established',
  'ipsec_sa_established',
];

/** A change that took effect. */
export interface AppliedChange {
  readonly before: Connection;
  readonly patch: ConnectionPatch;
  readonly requestId: string;
}

/**
 * What all tunnels of the account negotiate. The statuses of connections and tunnels are written here and nowhere else:
 * a change leaves them alone, as an SA outlives the configuration that it was made by.
 */
export class Negotiations {
  readonly #options: NegotiationOptions;
  readonly #adoptions: Readonly<Record<string, Adoption>>;
  readonly #outages = new Outages();

  constructor(options: NegotiationOptions, adoptions: Readonly<Record<string, Adoption>>) {
    this.#options = options;
    this.#adoptions = adoptions;
  }

  /** Gives a connection its tunnels, with SAs of before the beginning. */
  open(entry: ConnectionEntry, at: number): void {
    const { current, sessions } = entry;
    const tunnels = current.tunnels.length > 0 ? current.tunnels : [null];
    for (const tunnel of tunnels) {
      const tunnelId = tunnel?.tunnelId ?? null;
      const name = tunnelId ?? current.id;
      sessions.push(
        new TunnelSession({
          tunnelId,
          name,
          side: cloudSideOf(current, tunnelId),
          status: (tunnel ?? current).status,
          adoption: this.#adoptions[name] ?? { kind: 'follows' },
          at,
          rules: this.#options,
          flipped: (flip) => this.#flipped(entry, flip),
        }),
      );
    }
    if (current.tunnels.length > 0 && current.status !== 'ipsec_sa_established') {
      entry.heldStatus = current.status;
    }
    const network: Cause = { kind: 'network', requestId: null };
    if (!sessions.some(({ isUp }) => isUp)) this.#outages.began(subjectOf(entry), at, network);
    this.#changed(entry);
  }

  /** Carries out what is due on a lane. Costs one comparison when nothing is. */
  advance(lane: Lane, now: number): void {
    if (now < lane.negotiatesAt) return;
    for (const entry of lane.entries) this.#advance(entry, now);
    lane.negotiatesAt = Math.min(...lane.entries.flatMap(({ sessions }) => sessions.map(nextAt)));
  }

  /** A change took effect on a connection whose `current` has the new values already. */
  applied(entry: ConnectionEntry, { before, patch, requestId }: AppliedChange, at: number): void {
    const { current, sessions } = entry;
    const touched = touchedTunnels(before, patch);
    const isTouched = touched.length > 0 || touchesOnlyTunnel(before, patch);
    const cause: Cause = { kind: 'write', requestId };
    for (const session of sessions) {
      const { tunnelId } = session;
      const isReset =
        current.effectImmediately &&
        (tunnelId === null || this.#options.resets === 'connection'
          ? isTouched
          : touched.includes(tunnelId));
      const side = cloudSideOf(current, tunnelId);
      if (!isSameSide(side, cloudSideOf(before, tunnelId))) {
        session.cloudChanged(side, at, isReset ? cause : null);
      } else if (isReset) {
        session.reset(at, cause);
      }
    }
    this.#changed(entry);
  }

  /** @throws SimulatorError `unknown_resource`. */
  hold(entry: ConnectionEntry, status: NegotiationStatus, tunnelId: string | null, at: number) {
    if (tunnelId === null && entry.current.tunnels.length > 0) {
      entry.heldStatus = status === 'ipsec_sa_established' ? null : status;
    } else {
      this.session(entry, tunnelId).hold(status, at);
    }
    this.#changed(entry);
  }

  /** Somebody tells the peer of a tunnel new values. @throws SimulatorError `unknown_resource`. */
  deliver(
    entry: ConnectionEntry,
    tunnelId: string | null,
    change: SideChange,
    at: number,
  ): Delivery {
    const delivery = this.session(entry, tunnelId).deliver(change, at);
    this.#changed(entry);
    return delivery;
  }

  /** @throws SimulatorError `unknown_resource`. */
  behave(entry: ConnectionEntry, tunnelId: string | null, adoption: Adoption, at: number): void {
    this.session(entry, tunnelId).behave(adoption, at);
    this.#changed(entry);
  }

  /** Somebody resets a tunnel. @throws SimulatorError `unknown_resource`. */
  reset(entry: ConnectionEntry, tunnelId: string | null, at: number): void {
    this.session(entry, tunnelId).reset(at, { kind: 'operator', requestId: null });
    this.#changed(entry);
  }

  /** @throws SimulatorError `unknown_resource` for a tunnel that the connection does not have. */
  session(entry: ConnectionEntry, tunnelId: string | null): TunnelSession {
    const session = entry.sessions.find((each) => each.tunnelId === tunnelId);
    if (session) return session;
    throw new SimulatorError(
      'unknown_resource',
      `no tunnel ${tunnelId ?? 'without an id'} on ${entry.current.id}`,
    );
  }

  /** As of `now`, which every lane must have been advanced to. */
  outagesAt(now: number): OutageRecord {
    return this.#outages.recordAt(now);
  }

  /** In the order of time over both tunnels, so that what is recorded of a pair is what happened to it. */
  #advance(entry: ConnectionEntry, now: number): void {
    let isChanged = false;
    for (;;) {
      const [next, ...others] = entry.sessions;
      const due = others.reduce((a, b) => (b.nextAt < (a?.nextAt ?? 0) ? b : a), next);
      if (due === undefined || due.nextAt > now) break;
      due.step(now);
      isChanged = true;
    }
    if (isChanged) this.#show(entry);
  }

  #changed(entry: ConnectionEntry): void {
    entry.lane.negotiatesAt = Math.min(entry.lane.negotiatesAt, ...entry.sessions.map(nextAt));
    this.#show(entry);
  }

  /** Writes the statuses into the connection as reads show it; a connection is as well as the best of its tunnels. */
  #show(entry: ConnectionEntry): void {
    const { current, sessions } = entry;
    const best = STATUSES.findLast((status) => sessions.some((each) => each.status === status));
    const status = entry.heldStatus ?? best ?? current.status;
    const isSame =
      status === current.status &&
      current.tunnels.every((tunnel, index) => tunnel.status === sessions[index]?.status);
    if (isSame) return;
    const tunnels = current.tunnels.map((tunnel, index) => ({
      ...tunnel,
      status: sessions[index]?.status ?? tunnel.status,
    }));
    entry.current = { ...current, status, tunnels };
  }

  #flipped(entry: ConnectionEntry, { at, isUp, cause }: Flip): void {
    const up = entry.sessions.filter((session) => session.isUp).length;
    if (isUp && up === 1) this.#outages.ended(subjectOf(entry), at);
    if (!isUp && up === 0) this.#outages.began(subjectOf(entry), at, cause);
  }
}

function nextAt(session: TunnelSession): number {
  return session.nextAt;
}

function subjectOf({ current }: ConnectionEntry): OutageSubject {
  const { regionId, id: vpnConnectionId, tunnels } = current;
  return { regionId, vpnConnectionId, tunnelMode: tunnels.length > 0 ? 'dual' : 'single' };
}
