import { calledActions } from './called-actions.ts';
import { writeOrCheck } from './generated-file.ts';
import { ramPolicyText } from './ram-policy.ts';

/*
 * Writes ram-policy.json: what the role of the functions may do, which is what the code calls and nothing else.
 */

await writeOrCheck('ram-policy.json', ramPolicyText(await calledActions()));
