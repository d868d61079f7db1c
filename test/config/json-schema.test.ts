import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../src/config/config.js';
import { configJsonSchema, configTable } from '../../src/config/json-schema.js';

const pipelines = new URL('../../pipelines/', import.meta.url);
const env = { CAMERA_URI: 'rtsp://camera/live', LIMPID_TOKEN: 'correct-horse', OPERATOR_SHA256: 'ab'.repeat(32) };
const ready = readdirSync(pipelines).filter((name) => name.endsWith('.yaml'));

// After a change of the schema: npx vitest run test/config/json-schema.test.ts --update
describe('the JSON Schema for editors', () => {
  it('is current', async () => {
    const text = `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../pipelines/limpid.schema.json');
  });

  it.each(ready)('takes %s, which names it', (name) => {
    const text = readFileSync(new URL(name, pipelines), 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=limpid\.schema\.json$/m);
    const schema = z.fromJSONSchema(configJsonSchema() as z.core.JSONSchema.JSONSchema);
    expect(schema.safeParse(parse(text)).success).toBe(!text.includes('OPERATOR_SHA256'));
    expect(parseConfig(text, name, env).streams).toHaveLength(1);
  });
});

it('the table of keys and defaults is current', async () => {
  const head =
    '# Configuration\n\nEvery key of a configuration file with its default, made of the schema that checks the file.\n' +
    'Give a value as `$' +
    '{NAME}` to take it from the environment. Editors complete keys by `limpid.schema.json`.\n\n';
  await expect(`${head}${configTable()}`).toMatchFileSnapshot('../../pipelines/configuration.md');
});
