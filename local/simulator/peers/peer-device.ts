import { roll } from '../random.ts';
import type { Adoption } from '../shapes.ts';
import { changedSide, isSameSide, type Side, type SideChange } from './side.ts';

/** What became of telling a device new values. */
export type Delivery = 'adopted' | 'waiting' | 'ignored';

/** The device at the other end of a tunnel: its own values, and what it has yet to take over. */
export class PeerDevice {
  #side: Side;
  #adoption: Adoption;
  /** Keys that it was set up with or negotiated by. */
  readonly #knownKeys: Set<string>;
  #pending: readonly { readonly at: number; readonly side: Side }[] = [];

  constructor(side: Side, adoption: Adoption) {
    this.#side = side;
    this.#adoption = adoption;
    this.#knownKeys = new Set([side.ike.Psk]);
  }

  get side(): Side {
    return this.#side;
  }

  /** When it takes over the next of the values that it waits with, Unix milliseconds; infinite when it has none. */
  get nextAt(): number {
    return this.#pending[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** What it waited with is forgotten. */
  behave(adoption: Adoption): void {
    this.#adoption = adoption;
    this.#pending = [];
  }

  /** The cloud's values took effect. True when the device has others than before. */
  cloudChanged(side: Side, at: number): boolean {
    switch (this.#adoption.kind) {
      case 'follows':
        return this.#adopt(side);
      case 'wrongly':
        return this.#adopt(this.#misread(side));
      case 'late':
        this.#wait(side, at + this.#adoption.afterMs);
        return false;
      default:
        return false;
    }
  }

  /** Somebody tells it new values. */
  deliver(change: SideChange, at: number): Delivery {
    const side = changedSide(this.#pending.at(-1)?.side ?? this.#side, change);
    switch (this.#adoption.kind) {
      case 'onDelivery':
        this.#adopt(side);
        return 'adopted';
      case 'wrongly':
        this.#adopt(this.#misread(side));
        return 'adopted';
      case 'late':
        this.#wait(side, at + this.#adoption.afterMs);
        return 'waiting';
      default:
        return 'ignored';
    }
  }

  /** Takes over what is due at {@link nextAt}. True when the device has others than before. */
  adoptNext(): boolean {
    const [next, ...later] = this.#pending;
    this.#pending = later;
    return next !== undefined && this.#adopt(next.side);
  }

  #adopt(side: Side): boolean {
    if (isSameSide(this.#side, side)) return false;
    if (this.#adoption.kind !== 'wrongly') this.#knownKeys.add(side.ike.Psk);
    this.#side = side;
    return true;
  }

  #wait(side: Side, at: number): void {
    this.#pending = [...this.#pending, { at, side }].sort((one, other) => one.at - other.at);
  }

  #misread(side: Side): Side {
    if (this.#knownKeys.has(side.ike.Psk)) return side;
    const Psk = `misread${Math.floor(roll(1, 'misread', side.ike.Psk) * 1e9)}`;
    return { ...side, ike: { ...side.ike, Psk } };
  }
}
