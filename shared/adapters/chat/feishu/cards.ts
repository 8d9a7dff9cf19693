import type { Card, CardButton } from '../../../chat/card.ts';
import { markOf } from '../../../chat/sender.ts';

type Element = Readonly<Record<string, unknown>>;

/** Colours of a card's head. Source: open.feishu.cn, "Card JSON 1.0", `header.template`. */
const colours: Readonly<Record<Card['tone'], string>> = {
  plain: 'blue',
  good: 'green',
  warning: 'orange',
  bad: 'red',
};
const longest = { title: 200, text: 3_000, value: 1_000, button: 40 };

/**
 * A card as Feishu's card JSON 1.0. Texts go as `plain_text`, in which nothing means anything but itself: no mention, no link.
 * Source: open.feishu.cn, "Card JSON 1.0 structure".
 */
export function cardOf(card: Card): Element {
  const { title, tone, lines, facts, buttons, link } = card;
  return {
    // One card for everybody in the room, so that it can be updated.
    config: { update_multi: true, wide_screen_mode: true },
    header: { template: colours[tone], title: plain(`${markOf[tone]}${title}`, longest.title) },
    elements: [
      ...lines.map((line) => ({ tag: 'div', text: plain(line, longest.text) })),
      ...(facts.length === 0
        ? []
        : [
            {
              tag: 'div',
              fields: facts.map(({ label, value }) => ({
                is_short: true,
                text: plain(`${label}\n${value}`, longest.value),
              })),
            },
          ]),
      ...actionsOf(buttons, link),
    ],
  };
}

function actionsOf(buttons: readonly CardButton[], link: Card['link']): readonly Element[] {
  const actions = [
    ...buttons.map(({ label, style, command }) => ({
      tag: 'button',
      text: plain(label, longest.button),
      type: style === 'plain' ? 'default' : style,
      value: { command },
    })),
    ...(link === null
      ? []
      : [
          {
            tag: 'button',
            text: plain(link.label, longest.button),
            type: 'default',
            url: link.url,
          },
        ]),
  ];
  return actions.length === 0 ? [] : [{ tag: 'action', actions }];
}

function plain(text: string, length: number): Element {
  const content = text.length > length ? `${text.slice(0, length - 1)}…` : text;
  return { tag: 'plain_text', content };
}
