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

function wholeNumber(
  params: Parameters,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = params.get(name);
  if (text === undefined || text === '') return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new ApiFault('InvalidParameter', `The specified parameter ${name} is not valid.`);
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
