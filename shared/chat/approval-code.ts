import type { Random } from '../platform/random.ts';
import type { Card } from './card.ts';
import type { ChatStore } from './chat-store.ts';

/** Five bits each; without the letters that look like others (Crockford's base 32). */
const letters = '0123456789abcdefghjkmnpqrstvwxyz';
const codeLength = 12;

/** Makes a code that approves a plan once, and keeps it. */
export type CodeFor = (approves: { jobId: string; digest: string }) => Promise<string>;

/** Codes kept in the store: 60 random bits each. */
export function codeFor({ chats, random }: { chats: ChatStore; random: Random }): CodeFor {
  return async (approves) => {
    const code = [...random.bytes(codeLength)].map((byte) => letters.charAt(byte % 32)).join('');
    await chats.addCode(code, approves);
    return code;
  };
}

/**
 * The card without its buttons that approve, and the job of one that was there: for answers to requests that anybody may have
 * written, who would read the code in them.
 */
export function withoutConsent(card: Card): { card: Card; jobId: string | null } {
  const jobId = card.buttons.find(({ approves }) => approves !== null)?.approves?.jobId ?? null;
  if (jobId === null) return { card, jobId };
  const buttons = card.buttons.filter(({ approves }) => approves === null);
  const line = 'What approves it is sent to rooms that have its card or are notified of all jobs.';
  return { card: { ...card, buttons, lines: [...card.lines, line] }, jobId };
}

/** The card with a fresh code in each button that approves. */
export async function withCode(card: Card, makeCode: CodeFor): Promise<Card> {
  const buttons = await Promise.all(
    card.buttons.map(async (button) => {
      if (button.approves === null) return button;
      const { jobId } = button.approves;
      return { ...button, command: `approve ${jobId} code=${await makeCode(button.approves)}` };
    }),
  );
  return { ...card, buttons };
}
