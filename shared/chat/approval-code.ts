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
