/** A word of a command with its place in the text, quotes taken away. */
export interface Word {
  text: string;
  start: number;
  end: number;
}

/** The pairs of quotes that people and their keyboards write. */
const closing: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '“': '”',
  '‘': '’',
  '「': '」',
};

/**
 * A text in words: apart at white space, except between quotes. A quote opens at the beginning of a word or of a value; within a
 * word it is an apostrophe. Null when a quote is not closed.
 */
export function wordsOf(text: string): readonly Word[] | null {
  const words: Word[] = [];
  let place = 0;
  for (;;) {
    place += /^\s*/u.exec(text.slice(place))?.[0].length ?? 0;
    if (place >= text.length) return words;
    const word = wordAt(text, place);
    if (word === null) return null;
    words.push(word);
    place = word.end;
  }
}

function wordAt(text: string, start: number): Word | null {
  const word: Word = { text: '', start, end: start };
  while (word.end < text.length && !/\s/u.test(text.charAt(word.end))) {
    const letter = text.charAt(word.end);
    const mayOpen = word.text === '' || word.text.endsWith('=');
    const close = mayOpen ? closing[letter] : undefined;
    word.end += 1;
    if (close === undefined) word.text += letter;
    else {
      const end = text.indexOf(close, word.end);
      if (end < 0) return null;
      word.text += text.slice(word.end, end);
      word.end = end + 1;
    }
  }
  return word;
}

/** The text after so many words, as it was written. */
export function restAfter(text: string, words: readonly Word[], count: number): string {
  const last = words[count - 1];
  return text.slice(last?.end ?? 0).trim();
}
