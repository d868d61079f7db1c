/**
 * Whether the models of an overload ladder can stand in for one another: they undo the same and give the same size.
 */
import { LimpidError } from '../errors/limpid-error.js';
import { findModel, type RegistryOptions } from '../model/registry.js';

/**
 * Checks the models of one stream by what their files say, before any is opened; `bypass` stands in for every one.
 * Throws ERR_CONFIG where two differ in task or scale, and ERR_MODEL_UNKNOWN or ERR_MODEL_MANIFEST.
 */
export async function checkLadder(names: readonly string[], registry: RegistryOptions = {}): Promise<void> {
  const [first, ...rest] = await Promise.all(
    names.filter((name) => name !== 'bypass').map((name) => findModel(name, registry)),
  );
  const other = rest.find(({ task, scale }) => task !== first?.task || scale !== first.scale);
  if (first !== undefined && other !== undefined) {
    throw new LimpidError(
      'ERR_CONFIG',
      `Expected models of one task and scale but ${first.name} is for ${first.task} ×${first.scale} and ${other.name} for ${other.task} ×${other.scale}`,
    );
  }
}
