/**
 * What a pickle may hold, and who says what its names mean.
 */

/** What a pickle may hold. Lists and tuples are arrays, dictionaries of both kinds are maps, None is null. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleDict
  | PickleObject;
export type PickleList = PickleValue[];
export type PickleDict = Map<PickleValue, PickleValue>;

/** A value that only the host understands. */
export interface PickleObject {
  readonly kind: string;
}

/** A name of the host's list that may be called. */
export interface PickleFunction extends PickleObject {
  readonly kind: 'function';
  readonly call: (args: PickleList) => PickleValue;
}

/** Says what names and persistent ids mean; throws for those it doesn't know. */
export interface PickleHost {
  global(module: string, name: string): PickleObject;
  persistent(id: PickleValue): PickleValue;
}

/** Whether a value may be called. */
export function isFunction(value: PickleValue | undefined): value is PickleFunction {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'function';
}
