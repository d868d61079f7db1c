/**
 * The configuration file for editors (JSON Schema) and for readers (a table), both made of the schema that checks it.
 */
import { z } from 'zod';
import { configSchema } from './config.js';

/** A node of the JSON Schema, as far as the table reads it. */
interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The JSON Schema (2020-12) of a configuration file as it is written, defaults left out. */
export function configJsonSchema(): object {
  return { title: 'Limpid configuration', ...z.toJSONSchema(configSchema, { io: 'input' }) };
}

/** Every key with its kind, default and sentence, as Markdown. */
export function configTable(): string {
  const rows = rowsOf('', configJsonSchema() as SchemaNode);
  return `| key | value | default | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function rowsOf(path: string, node: SchemaNode): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const list = child.items?.properties === undefined ? undefined : child.items;
    const at = `${path}${key}${list === undefined ? '' : '[]'}`;
    const required = node.required?.includes(key) === true;
    const cells = [`\`${at}\``, kindOf(child), defaultOf(child, required), child.description ?? ''];
    const row = `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    return [row, ...rowsOf(`${at}.`, list ?? child)];
  });
}

function kindOf(node: SchemaNode): string {
  if (node.enum !== undefined) {
    return node.enum.map((value) => `\`${value}\``).join(', ');
  }
  if (node.const !== undefined) {
    return `\`${node.const}\``;
  }
  if (node.anyOf !== undefined) {
    return node.anyOf.map(kindOf).join(', ');
  }
  switch (node.type) {
    case 'integer':
    case 'number':
      return `${node.type}${rangeOf(node)}`;
    case 'object':
      return 'mapping';
    case 'array':
      return `list of ${node.items === undefined ? 'values' : node.items.properties === undefined ? `${kindOf(node.items)}s` : 'mappings'}`;
    default:
      return node.type ?? 'any';
  }
}

function rangeOf({ minimum, maximum = Number.MAX_SAFE_INTEGER }: SchemaNode): string {
  const last = maximum === Number.MAX_SAFE_INTEGER ? '' : maximum;
  return minimum === undefined ? '' : ` ${minimum} … ${last}`.trimEnd();
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (required) {
    return '**required**';
  }
  const empty = node.default === undefined || (typeof node.default === 'object' && node.properties !== undefined);
  return empty ? '' : `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``;
}
