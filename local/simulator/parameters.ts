import { ApiFault } from './errors.ts';

/** A request's parameters as they stood in the query and the form body. */
export type Parameters = ReadonlyMap<string, string>;

/** Merges query and form body; of a name given twice the last value counts. */
export function readParameters(path: string, body: string): Parameters {
  const params = new Map<string, string>();
  const query = path.indexOf('?');
  if (query >= 0) addForm(params, path.slice(query + 1));
  addForm(params, body);
  return params;
}

function addForm(params: Map<string, string>, form: string): void {
  if (form === '') return;
  for (const [name, value] of new URLSearchParams(form)) params.set(name, value);
}

/** The code for a parameter that breaks its documented rule (family `IllegalParam.*`). */
export function illegal(name: string): ApiFault {
  return new ApiFault(`IllegalParam.${name}`, `The specified ${name} is invalid.`);
}

/** @throws ApiFault `MissingParameter`. */
export function requiredText(params: Parameters, name: string): string {
  const value = params.get(name);
  if (value) return value;
  throw missing(name);
}

export function missing(name: string): ApiFault {
  return new ApiFault(
    'MissingParameter',
    `The input parameter "${name}" that is mandatory for processing this request is not supplied.`,
  );
}

/** @throws ApiFault `IllegalParam.<name>`. */
export function optionalBoolean(params: Parameters, name: string): boolean | undefined {
  const value = params.get(name);
  if (value === undefined || value === '') return undefined;
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw illegal(name);
}

/** The members of an object parameter: `NAME.Member` by its member. @throws ApiFault `InvalidParameter`. */
export function membersOf(params: Parameters, name: string): Parameters {
  // A client that cannot flatten sends `[object Object]` under the bare name.
  if (params.get(name)) throw invalid(name);
  const members = new Map<string, string>();
  for (const [key, value] of params) {
    if (key.startsWith(`${name}.`)) members.set(key.slice(name.length + 1), value);
  }
  return members;
}

/**
 * The items of a list parameter, `NAME.1.Member`, `NAME.2.Member` and so on, without a gap.
 * @throws ApiFault `InvalidParameter` for other numbers and for anything that is no number.
 */
export function itemsOf(params: Parameters, name: string): readonly Parameters[] {
  const members = membersOf(params, name);
  const numbers = new Set([...members.keys()].map((key) => key.split('.')[0] ?? ''));
  return [...numbers.keys()].sort((left, right) => Number(left) - Number(right)).map(itemAt);

  function itemAt(number: string, index: number): Parameters {
    if (number !== String(index + 1)) throw invalid(`${name}.${number}`);
    return membersOf(members, number);
  }
}

/** The general code for a parameter that cannot be understood. */
export function invalid(name: string): ApiFault {
  return new ApiFault('InvalidParameter', `The specified parameter ${name} is not valid.`);
}

/** The items of a list of texts, `NAME.1`, `NAME.2` and so on, as far as they are numbered without a gap. */
export function textsOf(params: Parameters, name: string): readonly string[] {
  const texts: string[] = [];
  for (;;) {
    const text = params.get(`${name}.${texts.length + 1}`);
    if (!text) return texts;
    texts.push(text);
  }
}

/** One page of a list and where it stands. */
export interface Page {
  readonly PageNumber: number;
  readonly PageSize: number;
}

/** `PageNumber` from 1, `PageSize` 1–50, default 10 (API document DescribeVpnConnections). */
export function readPage(params: Parameters): Page {
  return {
    PageNumber: wholeNumber(params, 'PageNumber', 1, Number.MAX_SAFE_INTEGER) ?? 1,
    PageSize: wholeNumber(params, 'PageSize', 1, 50) ?? 10,
  };
}

export function slicePage<T>(items: readonly T[], page: Page): readonly T[] {
  const start = (page.PageNumber - 1) * page.PageSize;
  return items.slice(start, start + page.PageSize);
}

/** A whole number of the closed range; undefined when there is none. @throws ApiFault `InvalidParameter`. */
export function wholeNumber(
  params: Parameters,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = params.get(name);
  if (text === undefined || text === '') return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw invalid(name);
}

/** `Tag.N.Key` / `Tag.N.Value`, at most 20; a missing value matches any (API document DescribeVpnConnections). */
export function readTagFilters(
  params: Parameters,
): readonly { readonly key: string; readonly value: string | undefined }[] {
  const filters: { key: string; value: string | undefined }[] = [];
  for (let number = 1; number <= 20; number += 1) {
    const key = params.get(`Tag.${number}.Key`);
    if (key === undefined) continue;
    const value = params.get(`Tag.${number}.Value`);
    if (key === '' || key.length > 64 || (value?.length ?? 0) > 128) throw illegal('Tag');
    filters.push({ key, value });
  }
  return filters;
}

/** True when every tag filter is met. */
export function hasTags(
  tags: readonly { readonly Key: string; readonly Value: string }[],
  filters: readonly { readonly key: string; readonly value: string | undefined }[],
): boolean {
  return filters.every(({ key, value }) =>
    tags.some((tag) => tag.Key === key && (value === undefined || tag.Value === value)),
  );
}
