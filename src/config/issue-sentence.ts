/**
 * What is wrong with a configuration, in one sentence: what was expected, where, and what stands there.
 */
import type { z } from 'zod';
import { redactUri } from '../log/redact.js';

/** The issue to tell first: a misspelt key also leaves the right one missing, and is the better hint. */
export function firstIssue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  return issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
}

/** "Expected … for streams[0].name but received 4". */
export function sentenceOf(issue: z.core.$ZodIssue, asWritten: unknown): string {
  const path = issue.path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );
  const where = path === '' ? 'the configuration' : path;
  if (issue.code === 'unrecognized_keys') {
    return `Unknown ${issue.keys.length === 1 ? 'key' : 'keys'} ${issue.keys.map((key) => `"${key}"`).join(', ')} in ${where}`;
  }
  const value = issue.path.reduce<unknown>(
    (node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key],
    asWritten,
  );
  return `Expected ${expectation(issue)} for ${where} but received ${describe(value)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return article(issue.expected);
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return issue.message.startsWith('Too small') ? atLeast(issue) : issue.message;
    case 'too_big':
      return `at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    default:
      return issue.message;
  }
}

function atLeast({ origin, minimum }: z.core.$ZodIssueTooSmall): string {
  switch (origin) {
    case 'string':
      return minimum === 1 ? 'text that is not empty' : `at least ${minimum} characters`;
    case 'array':
      return `a list of at least ${minimum}`;
    default:
      return `at least ${minimum}`;
  }
}

function article(type: string): string {
  const name = { int: 'integer', record: 'mapping', object: 'mapping', array: 'list' }[type] ?? type;
  return /^[aeio]/.test(name) ? `an ${name}` : `a ${name}`;
}

function describe(value: unknown): string {
  if (value === undefined) {
    return 'nothing';
  }
  if (Array.isArray(value)) {
    return 'a list';
  }
  if (typeof value === 'object' && value !== null) {
    return 'a mapping';
  }
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return redactUri(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}
