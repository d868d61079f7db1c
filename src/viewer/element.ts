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

/** Writes a text, unless it stands there already. */
export function setText(id: string, text: string): void {
  const target = element(id, HTMLElement);
  if (target.textContent !== text) {
    target.textContent = text;
  }
}
