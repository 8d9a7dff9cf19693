import type { Card, CardButton } from '../../../chat/card.ts';
import { markOf } from '../../../chat/sender.ts';

/** Most characters of a header, a section, a field and a button. Source: docs.slack.dev, reference of blocks and block elements. */
const most = { header: 150, section: 3_000, field: 2_000, fields: 10, button: 75, value: 2_000 };

type Block = Readonly<Record<string, unknown>>;

/** A card as Block Kit. */
export function blocksOf(card: Card): readonly Block[] {
  const { title, tone, lines, facts, link } = card;
  const text = lines.map(escaped).join('\n');
  return [
    { type: 'header', text: plain(`${markOf[tone]}${title}`, most.header) },
    ...(text === '' ? [] : [{ type: 'section', text: marked(text, most.section) }]),
    ...(facts.length === 0
      ? []
      : [{ type: 'section', fields: facts.slice(0, most.fields).map(fieldOf) }]),
    ...actionsOf(card.buttons, link),
  ];
}

/** A card as an answer to a command or a button: everybody in the channel sees it, or who asked. */
export function answerOf(card: Card): Block {
  return {
    response_type: card.audience === 'room' ? 'in_channel' : 'ephemeral',
    text: fallbackOf(card),
    blocks: blocksOf(card),
  };
}

/** What notifications and old clients show instead of the blocks. */
export function fallbackOf({ title, tone, lines }: Card): string {
  return escaped([`${markOf[tone]}${title}`, ...lines.slice(0, 1)].join(': '));
}

function fieldOf({ label, value }: Card['facts'][number]): Block {
  return marked(`*${escaped(label)}*\n${escaped(value)}`, most.field);
}

function actionsOf(buttons: readonly CardButton[], link: Card['link']): readonly Block[] {
  const elements = [
    ...buttons.map(({ label, style, command }, index) => ({
      type: 'button',
      action_id: `command-${index}`,
      text: plain(label, most.button),
      value: cut(command, most.value),
      ...(style === 'plain' ? {} : { style }),
      ...(style === 'danger' ? { confirm: confirmationOf(label) } : {}),
    })),
    ...(link === null
      ? []
      : [
          {
            type: 'button',
            action_id: 'open',
            text: plain(link.label, most.button),
            url: link.url,
          },
        ]),
  ];
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

function confirmationOf(label: string): Block {
  return {
    title: plain(`${label}?`, 100),
    text: plain('This cannot be taken back.', 300),
    confirm: plain(label, 30),
    deny: plain('Not now', 30),
  };
}

function plain(text: string, length: number): Block {
  return { type: 'plain_text', text: cut(text, length), emoji: false };
}

function marked(text: string, length: number): Block {
  return { type: 'mrkdwn', text: cut(text, length), verbatim: true };
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/**
 * Text that means nothing but itself: without this, a title could call the whole channel. Source: docs.slack.dev, "Formatting message
 * text". What would make it bold or code only looks so.
 */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
