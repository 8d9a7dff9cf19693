import { aCardOf, type Card } from './card.ts';
import { usages } from './command.ts';

/** What can be said; `fault` is what was wrong with what was. */
export function helpCard(fault: string | null): Card {
  const lines = Object.values(usages).map(({ usage, does }) => `${usage} — ${does}`);
  return aCardOf({
    title: 'Lanekeeper',
    tone: fault === null ? 'plain' : 'warning',
    lines: [...(fault === null ? [] : [`${fault}.`]), ...lines],
  });
}

/** What somebody is told whom nobody knows. */
export function strangerCard(user: string): Card {
  return aCardOf({
    title: 'You are not known here',
    tone: 'warning',
    lines: [
      'Only help can be asked for.',
      `An administrator can let you in by CHAT_ACTORS; your id is ${user}.`,
    ],
  });
}
