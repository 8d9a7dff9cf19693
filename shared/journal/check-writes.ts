import type { ChangeHistory, Send, Write } from './history.ts';
import { type Check, Finding } from './verification.ts';

/** P3: what was sent had been stored before, is repeated only after a read, identically, and is settled by reading back. */
export class RepeatCheck {
  readonly #finding = new Finding(
    'P3',
    'a request is stored before it is sent, repeated only after a read and with the same token, and settled by reading back',
  );
  #sends = 0;
  #repeats = 0;

  see({ changeId, writes }: ChangeHistory): void {
    for (const write of writes) {
      this.#sends += write.sends.length;
      this.#repeats += Math.max(0, write.sends.length - 1);
      const faults = [
        ...write.sends.flatMap((send, index) => faultsOfSend(write, send, index)),
        ...faultsOfEnd(write),
      ];
      this.#finding.examine(faults.map((fault) => `${changeId}: ${fault}`));
    }
  }

  end(): Check {
    const stored = `${this.#finding.examined} requests stored`;
    return this.#finding.check(
      `${stored}, ${this.#sends} sendings on record, ${this.#repeats} of them repeats`,
    );
  }
}

function faultsOfSend(write: Write, send: Send, index: number): readonly string[] {
  const faults: string[] = [];
  if (send.clientToken === null || send.clientToken !== write.clientToken) {
    faults.push(`sent with token ${send.clientToken}, stored was ${write.clientToken}`);
  }
  if (send.requestDigest === null || send.requestDigest !== write.requestDigest) {
    faults.push('sent another request than the stored one');
  }
  if (index === 0) return faults;
  if (!send.followsRead) faults.push(`repeated without a read before it (sending ${index + 1})`);
  if (send.readAt !== null && send.sentAt !== null && send.sentAt < send.readAt) {
    faults.push(`repeated at ${send.sentAt}, before the read of ${send.readAt}`);
  }
  return faults;
}

function faultsOfEnd({ endedBy, endedAs, readBack, sends }: Write): string[] {
  const wentBack = endedBy === 'requeued' || endedBy === 'waiting';
  if (wentBack && sends.length > 0) return ['went back to the queue after it was sent'];
  const isCalledApplied = endedBy === 'part_applied' || endedAs === 'succeeded';
  return isCalledApplied && readBack !== 'applied'
    ? ['called applied without having been read back']
    : [];
}

/** P4: a new key is made once, stored and delivered before the cloud is told, and the one that it replaces is kept. */
export class KeyCheck {
  readonly #finding = new Finding(
    'P4',
    'a new key is made once, stored and delivered before the cloud is told, and the one it replaces is kept',
  );

  #delivered = 0;

  see({ changeId, writes, keysMade }: ChangeHistory): void {
    if (keysMade > 1) this.#finding.fault(`${changeId}: keys were made ${keysMade} times`);
    for (const { keys, handover } of writes) {
      if (keys === null || keys.fresh.length === 0) continue;
      const lost = keys.fresh.filter((path) => !keys.kept.includes(path));
      const missed = (handover?.sinks ?? []).filter(
        (sink) => !handover?.deliveredTo.includes(sink),
      );
      if (handover && missed.length === 0) this.#delivered += 1;
      this.#finding.examine([
        ...lost.map((path) => `${changeId}: the key at ${path} was not kept`),
        ...missed.map((sink) => `${changeId}: the cloud was told before ${sink} had the key`),
      ]);
    }
  }

  end(): Check {
    const { examined } = this.#finding;
    return this.#finding.check(
      `${examined} requests with new keys, which were stored before; those they replaced were stored with the request; the keys of ${this.#delivered} were handed over before, as the plan says`,
    );
  }
}

/** P6: on a dual-tunnel connection one tunnel is changed and up again before the other one is touched. */
export class TunnelCheck {
  readonly #finding = new Finding(
    'P6',
    'of two tunnels one is changed and up again before the other is touched; EffectImmediately goes only where the plan names it',
  );

  see({ changeId, writes }: ChangeHistory): void {
    for (const [index, write] of writes.entries()) {
      if (write.tunnels.length === 0) continue;
      const before = writes[index - 1];
      const faults = [...downBeside(write), ...(before ? openBefore(before, write) : [])];
      if (write.effectImmediately === 'unplanned') faults.push('sent EffectImmediately unasked');
      this.#finding.examine(faults.map((fault) => `${changeId}: ${fault}`));
    }
  }

  end(): Check {
    const { examined } = this.#finding;
    return this.#finding.check(
      `${examined} requests to dual-tunnel connections, each with the state of both tunnels when it was stored`,
    );
  }
}

function downBeside({ part, tunnels }: Write): string[] {
  if (!tunnels.some(({ tunnelId }) => tunnelId === part)) return [];
  return tunnels
    .filter(({ tunnelId, isUp, wasUp }) => tunnelId !== part && wasUp === true && !isUp)
    .map(({ tunnelId }) => `${part} was touched before ${tunnelId} was up again`);
}

/** Whether another tunnel was turned to while the one before was still to be proved; taking back needs no proof of what is taken back. */
function isUnproved(before: Write, { part, direction }: Write): boolean {
  const isSameWay = before.direction === direction;
  return isSameWay && before.part !== part && before.proof !== null && before.proof !== 'proved';
}

/** A request that nobody took says nothing: what is left may begin with another part when it is read again. */
function openBefore(before: Write, write: Write): string[] {
  const isOpen = before.sends.length > 0 && before.endedBy !== 'part_applied';
  if (isUnproved(before, write)) {
    return [`${write.part} was touched before ${before.part} was proved`];
  }
  return isOpen && before.part !== write.part
    ? [`${write.part} was touched before ${before.part} was known to be applied`]
    : [];
}
