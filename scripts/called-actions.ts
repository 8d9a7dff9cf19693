import { readFile } from 'node:fs/promises';
import ts from 'typescript';
import { projectFiles } from './source-files.ts';

/** How the operations of Alibaba Cloud's APIs are called that this project could use. */
const operation =
  /^(Decrypt|Encrypt|(Create|Delete|Describe|Diagnose|Generate|Get|Invoke|List|Modify|Put|Update)[A-Z][a-zA-Z]+)$/;

const deployed = /^(shared|functions)\/.*\.ts$/;

function literalsIn(path: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

/**
 * The API operations that deployed code calls, sorted: every call names its operation in a literal, and the type of the
 * clients' parameter keeps it so.
 */
export async function calledActions(): Promise<string[]> {
  const files = (await projectFiles('.')).filter((path) => deployed.test(path));
  const texts = await Promise.all(files.map(async (path) => [path, await readFile(path, 'utf8')]));
  const literals = texts.flatMap(([path = '', text = '']) => literalsIn(path, text));
  return [...new Set(literals.filter((literal) => operation.test(literal)))].sort();
}
