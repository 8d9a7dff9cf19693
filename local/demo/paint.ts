import { styleText } from 'node:util';

type Style = 'green' | 'red' | 'dim' | 'bold';

/** Colours a text where the output can show it and nobody asked for none (`NO_COLOR`). */
export type Paint = (style: Style, text: string) => string;

export function paintFor(output: NodeJS.WriteStream): Paint {
  const hasColors = output.isTTY && output.hasColors();
  return (style, text) => (hasColors ? styleText(style, text) : text);
}
