/**
 * The query of a URI as a closed set of parameters.
 */

/** What each parameter must look like. */
export type ParameterShapes = Readonly<Record<string, RegExp>>;

/** Decoded parameters by name; null when one is unknown, given twice or of the wrong shape. */
export function uriParameters<Shapes extends ParameterShapes>(
  query: string,
  shapes: Shapes,
): { readonly [Name in keyof Shapes]?: string } | null {
  const found: { [Name in keyof Shapes]?: string } = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (!Object.hasOwn(shapes, name) || Object.hasOwn(found, name) || shapes[name]?.test(value) !== true) {
      return null;
    }
    found[name as keyof Shapes] = value;
  }
  return found;
}
