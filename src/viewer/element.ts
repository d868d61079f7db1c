/**
 * Elements of the page by id, of the kind the code expects.
 */

/** The element with an id. Throws when page and code have drifted apart. */
export function element<T extends HTMLElement>(id: string, kind: abstract new (...args: never[]) => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) {
    throw new Error(`Expected #${id} to be a ${kind.name}`);
  }
  return found;
}
