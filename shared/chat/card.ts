/** What is shown in a room, whatever the platform. All texts are plain: adapters escape them for their platform. */
export interface Card {
  title: string;
  tone: 'plain' | 'good' | 'warning' | 'bad';
  /** Paragraphs. */
  lines: readonly string[];
  facts: readonly { label: string; value: string }[];
  buttons: readonly CardButton[];
  /** Where more is to be seen. */
  link: { label: string; url: string } | null;
  /** Who sees it as an answer, where the platform can tell: everybody in the room, or who asked. */
  audience: 'room' | 'user';
}

/** Says a command for whoever presses it. */
export interface CardButton {
  label: string;
  style: 'primary' | 'danger' | 'plain';
  command: string;
  /** The digest that it approves; where the platform does not vouch for what is said, a one-time code goes with it. */
  approves: { jobId: string; digest: string } | null;
}

/** A card of what is given, and nothing else. */
export function aCardOf(card: Pick<Card, 'title'> & Partial<Card>): Card {
  return {
    tone: 'plain',
    lines: [],
    facts: [],
    buttons: [],
    link: null,
    audience: 'user',
    ...card,
  };
}
