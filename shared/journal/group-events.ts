import type { ChainedEvent } from './chain.ts';

/** Puts events that come one after the other together again, change by change, whatever pages they came in. */
export async function* eventsByChange<Item>(
  pages: AsyncIterable<readonly Item[]>,
  eventOf: (item: Item) => ChainedEvent,
): AsyncGenerator<{ changeId: string; events: readonly ChainedEvent[] }> {
  let events: ChainedEvent[] = [];
  for await (const page of pages) {
    for (const event of page.map(eventOf)) {
      const [first] = events;
      if (first && first.changeId !== event.changeId) {
        yield { changeId: first.changeId, events };
        events = [];
      }
      events.push(event);
    }
  }
  const [first] = events;
  if (first) yield { changeId: first.changeId, events };
}
