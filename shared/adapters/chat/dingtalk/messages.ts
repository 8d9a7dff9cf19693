import type { Card, CardButton } from '../../../chat/card.ts';
import { markOf } from '../../../chat/sender.ts';

/** Most buttons of an ActionCard that is sent by a template. Source: open.dingtalk.com, "Message types of robots". */
const mostButtons = 5;
const longest = { title: 100, text: 4_000, button: 20 };

interface LinkButton {
  title: string;
  url: string;
}

/** A card as the robot answers in its HTTP response: an ActionCard where there are buttons, Markdown otherwise. */
export function answerOf(card: Card): unknown {
  const title = titleOf(card);
  const text = textOf(card);
  const buttons = buttonsOf(card);
  if (buttons.length === 0) return { msgtype: 'markdown', markdown: { title, text } };
  return {
    msgtype: 'actionCard',
    actionCard: {
      title,
      text,
      btnOrientation: '1',
      btns: buttons.map(({ title: label, url }) => ({ title: label, actionURL: url })),
    },
  };
}

/**
 * A card as the robot's API takes it: key and parameters of a template. Source: open.dingtalk.com, "Message types of robots":
 * `sampleMarkdown`, `sampleActionCard` for one button, `sampleActionCard2` to `5` for more.
 */
export function templateOf(card: Card): { msgKey: string; msgParam: string } {
  const title = titleOf(card);
  const text = textOf(card);
  const buttons = buttonsOf(card);
  const [first] = buttons;
  if (first === undefined) return template('sampleMarkdown', { title, text });
  if (buttons.length === 1) {
    return template('sampleActionCard', {
      title,
      text,
      singleTitle: first.title,
      singleURL: first.url,
    });
  }
  const actions = buttons.flatMap(({ title: label, url }, index) => [
    [`actionTitle${index + 1}`, label],
    [`actionURL${index + 1}`, url],
  ]);
  return template(`sampleActionCard${buttons.length}`, {
    title,
    text,
    ...Object.fromEntries(actions),
  });
}

function template(
  msgKey: string,
  parameters: Readonly<Record<string, string>>,
): { msgKey: string; msgParam: string } {
  return { msgKey, msgParam: JSON.stringify(parameters) };
}

function titleOf({ tone, title }: Card): string {
  return `${markOf[tone]}${title}`.slice(0, longest.title);
}

/** Buttons are links: those that say something have DingTalk say it for whoever presses them. */
function buttonsOf({ buttons, link }: Card): readonly LinkButton[] {
  const all = [
    ...buttons.map(sayingButton),
    ...(link === null ? [] : [{ title: link.label, url: link.url }]),
  ];
  return all
    .slice(0, mostButtons)
    .map(({ title, url }) => ({ title: title.slice(0, longest.button), url }));
}

function sayingButton({ label, command }: CardButton): LinkButton {
  return {
    title: label,
    url: `dtmd://dingtalkclient/sendMessage?content=${encodeURIComponent(command)}`,
  };
}

function textOf(card: Card): string {
  const { lines, facts } = card;
  const parts = [
    `### ${escaped(titleOf(card))}`,
    ...lines.map(escaped),
    facts.map(({ label, value }) => `- **${escaped(label)}**: ${escaped(value)}`).join('\n'),
  ];
  return parts
    .filter((part) => part !== '')
    .join('\n\n')
    .slice(0, longest.text);
}

/** Markdown in which text means nothing but itself: no link, no picture, no heading. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+!|<>~-]/g, (mark) => `\\${mark}`);
}
