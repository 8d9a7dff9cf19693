import { LineCounter, parseDocument } from 'yaml';
import { invalidPlan, parsePlan } from './parse-plan.ts';
import type { PlanContext } from './plan-context.ts';
import type { Plan } from './schema.ts';

/**
 * A plan from the text of a file, YAML or JSON. Raises `invalid_plan`, for text that is neither with the
 * line and column of each place; the text itself is not repeated.
 */
export function parsePlanText(text: string, context: PlanContext): Plan {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    throw invalidPlan(
      document.errors.map(({ pos: [offset] }) => {
        const { line, col } = lineCounter.linePos(offset);
        return {
          path: '',
          message: `line ${line}, column ${col}: is not YAML that a plan can have`,
        };
      }),
    );
  }
  return parsePlan(contentOf(document), context);
}

function contentOf(document: { toJS(): unknown }): unknown {
  try {
    return document.toJS();
  } catch {
    throw invalidPlan([{ path: '', message: 'has too many or unknown aliases' }]);
  }
}
