import { writeOrCheck } from './generated-file.ts';
import { openApiText } from './openapi-document.ts';

/*
 * Writes docs/openapi.json, which the functions serve as it is, from the schemas that check requests and type answers.
 */

await writeOrCheck('docs/openapi.json', openApiText());
