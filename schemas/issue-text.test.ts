// The words for every kind of issue that zod can report; none of zod's own sentences comes through.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { issueRule, issueSentence, pathText } from './issue-text.ts'

/** The first issue of a value against a schema, in words. */
function ruleOf(schema: z.ZodType, value: unknown): string {
  const parsed = schema.safeParse(value)
  if (parsed.success) throw new Error('the value follows its schema')
  return issueRule(parsed.error.issues[0]!, value)
}

const port = z.int().min(0).max(65_535)
const own = 'must be a plain identifier'

describe('issueRule', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['invalid_type', z.string(), 5, 'must be a string, not a number'],
    ['invalid_type', z.string(), null, 'must be a string, not null'],
    ['invalid_type', z.string(), ['a'], 'must be a string, not a list'],
    ['invalid_type', z.string(), {}, 'must be a string, not an object'],
    ['invalid_type', z.number(), 'x', 'must be a number, not a string'],
    ['invalid_type', z.number(), NaN, 'must be a number, not NaN'],
    ['invalid_type', z.number(), Infinity, 'must be a number, not Infinity'],
    ['invalid_type', z.int(), 1.5, 'must be a whole number, not 1.5'],
    ['invalid_type', z.boolean(), 'yes', 'must be true or false, not a string'],
    ['invalid_type', z.array(z.string()), 'a', 'must be a list, not a string'],
    ['invalid_type', z.object({}), [], 'must be an object, not a list'],
    ['invalid_type', z.record(z.string(), z.string()), true, 'must be an object, not true'],
    ['invalid_type', z.bigint(), 1, 'must be a whole number, not a number'],
    ['invalid_type', z.date(), 1, 'must be a time, not a number'],
    ['too_big, number', port, 70_000, 'must be at most 65535'],
    ['too_big, exclusive', z.number().lt(1), 1, 'must be below 1'],
    ['too_big, not safe', z.int(), 2 ** 60, 'must be at most 9007199254740991'],
    ['too_big, bigint', z.bigint().max(5n), 6n, 'must be at most 5'],
    ['too_big, string', z.string().max(3), 'abcd', 'must have at most 3 characters'],
    ['too_big, list', z.array(z.int()).max(1), [1, 2], 'must have at most 1 entry'],
    ['too_big, date', z.date().max(new Date(0)), new Date(5), 'must be a time at most 0'],
    ['too_small, number', port, -1, 'must be at least 0'],
    ['too_small, exclusive', z.number().gt(0), 0, 'must be above 0'],
    ['too_small, string', z.string().min(1), '', 'must not be empty'],
    ['too_small, string', z.string().min(16), 'short', 'must have at least 16 characters'],
    ['too_small, list', z.array(z.int()).min(1), [], 'must not be empty'],
    ['too_small, own', z.string().min(1, own), '', own],
    ['invalid_format, url', z.url(), 'x', 'must be a URL'],
    ['invalid_format, datetime', z.iso.datetime(), 'x', 'must be an RFC 3339 time such as 2026-01-31T12:00:00Z'], // prettier-ignore
    ['invalid_format, uuid', z.uuid(), 'x', 'must be a UUID'],
    ['invalid_format, email', z.email(), 'x', 'must be an e-mail address'],
    ['invalid_format, pattern', z.string().regex(/^a+$/), 'b', 'must match /^a+$/'],
    ['invalid_format, own', z.string().regex(/^a+$/, own), 'b', own],
    ['invalid_format, prefix', z.string().startsWith('s3://'), 'b', 'must begin with "s3://"'],
    ['invalid_format, suffix', z.string().endsWith('/'), 'b', 'must end with "/"'],
    ['invalid_format, part', z.string().includes('@'), 'b', 'must hold "@"'],
    ['not_multiple_of', z.int().multipleOf(8), 9, 'must be a multiple of 8'],
    ['invalid_value, enum', z.enum(['local', 's3']), 'ftp', 'must be one of local, s3'],
    ['invalid_value, literal', z.literal(1), 2, 'must be 1'],
    ['unrecognized_keys', z.strictObject({}), { a: 1 }, 'has a name that it must not have: "a"'],
    ['unrecognized_keys', z.strictObject({}), { a: 1, b: 2 }, 'has names that it must not have: "a", "b"'], // prettier-ignore
    ['invalid_union, types', z.union([z.number(), z.string()]), true, 'must be a number or a string, not true'], // prettier-ignore
    ['invalid_union, values', z.union([z.literal('none'), z.number()]), 'x', 'must be "none" or a number, not a string'], // prettier-ignore
    ['invalid_union, deeper', z.union([z.null(), z.object({ a: z.string() })]), { a: 1 }, 'has a, which must be a string, not a number'], // prettier-ignore
    ['invalid_key', z.record(z.string().max(2), z.int()), { abc: 1 }, 'has a name that must have at most 2 characters'], // prettier-ignore
    ['custom', z.string().refine(() => false, own), 'x', own],
    ['custom, without words', z.string().refine(() => false), 'x', 'does not follow its rule'],
  ])('%s', (_kind, schema, value, rule) => {
    expect(ruleOf(schema, value)).toBe(rule)
  })

  it.each<[z.ZodType]>([
    [z.object({ a: z.string() })],
    [z.object({ a: z.int() })],
    [z.object({ a: z.enum(['x']) })],
    [z.object({ a: z.union([z.string(), z.null()]) })],
    [z.object({ a: z.array(z.string()) })],
  ])('a field that is not there is missing, whatever it should be', (schema) => {
    expect(ruleOf(schema, {})).toBe('is missing')
  })

  it('says nothing in the words of zod', () => {
    const strange = z.map(z.int().max(1), z.string())
    const issues = strange.safeParse(new Map([[5, 'x']])).error!.issues
    for (const issue of issues) expect(issueRule(issue, {})).not.toMatch(/Too |Invalid |expected/)
  })
})

describe('issueSentence', () => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ port })) })
  it.each([
    [{ list: [{ port: 1 }, { port: 70_000 }] }, 'list[1].port must be at most 65535, not 70000'],
    [{ list: [{ port: 'x' }] }, 'list[0].port must be a number, not a string'],
    [{ list: [{}] }, 'list[0].port is missing'],
    [{}, 'list is missing'],
    [{ list: [], more: 1 }, 'the body has a name that it must not have: "more"'],
    ['x', 'the body must be an object, not a string'],
  ])('%j: %s', (value, sentence) => {
    const [issue] = schema.safeParse(value).error!.issues
    expect(issueSentence(issue!, value, 'the body')).toBe(sentence)
  })

  it('leaves out a long value', () => {
    const [issue] = z.string().max(5).safeParse('x'.repeat(500)).error!.issues
    expect(issueSentence(issue!, 'x'.repeat(500), 'it')).toBe('it must have at most 5 characters')
  })

  it('writes paths as code does', () => {
    expect(pathText(['a', 0, 'b', 'c d'])).toBe('a[0].b.c d')
  })
})
