import type { Mutation } from './mutation.ts';

const platforms = 'test/function/chatops/other-platforms.test.ts';
const dingtalk = 'the chatops function asked by DingTalk';

/** The guards on which consent given in a room stands. */
export const chatGuards: readonly Mutation[] = [
  {
    guard: 'no-consent-in-answers',
    without: 'who forges a request reads what approves in its answer',
    file: 'shared/chat/approval-code.ts',
    text: 'card.buttons.filter(({ approves }) => approves === null)',
    becomes: 'card.buttons',
    reddens: {
      [platforms]: [
        `${dingtalk} answers nothing that approves, whatever it is asked: who asks may have forged that`,
      ],
    },
  },
  {
    guard: 'codes-to-known-rooms',
    without: 'who forges a request has a code sent to a room of his own',
    file: 'shared/notice/room-errands.ts',
    text: 'if (!isKnown || sender',
    becomes: 'if (sender',
    reddens: {
      [platforms]: [
        `${dingtalk} sends what approves once more to a room that has the card or is notified, and to no other`,
      ],
    },
  },
  {
    guard: 'code-spent-by-each',
    without: 'a code approves again and again',
    file: 'shared/adapters/postgres/chat-store.ts',
    text: ' AND expires_at > lanekeeper.now() AND NOT $3 = ANY (spent_by)',
    becomes: ' AND expires_at > lanekeeper.now() AND $3 IS NOT NULL',
    reddens: {
      [platforms]: [
        `${dingtalk} takes consent with the code of a card alone, once, and for the plan that the card showed`,
      ],
    },
  },
];
