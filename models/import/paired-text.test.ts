// Templates of pairs, as they become templates of one text: import-model.test.ts compares ids and
// logits with the references.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exportFixtures, type Json } from '../../tests/support/import-exports.ts'
import { templateOf } from '../tokenizers/template.ts'
import { parseTokenizerFile } from '../tokenizers/tokenizer-file.ts'
import { loadTokenizer } from '../tokenizers/tokenizer.ts'
import { pairTokenizer } from './paired-text.ts'

const text = 'about refunds'
const maxTokens = 48
const bert = JSON.parse(readFileSync(join(exportFixtures, 'bert/tokenizer.json'), 'utf8')) as Json
const [cls, sep] = [2, 3]
const around = { cls: ['[CLS]', cls], sep: ['[SEP]', sep] }
/** The tokens of `text`. */
const own = Array.from(loadTokenizer({ json: withProcessor(null) }).encode(text, { maxTokens }).ids)

function withProcessor(processor: Json | null): Buffer {
  return Buffer.from(JSON.stringify({ ...bert, post_processor: processor }))
}

/** The ids around the event's text, and the types. */
function paired(processor: Json | null, place: 'first' | 'second') {
  const { json, types } = pairTokenizer(withProcessor(processor), { place, text, maxTokens })
  return { ...templateOf(parseTokenizerFile(json).post_processor), types }
}

const special = (id: string, type = 0): Json => ({ SpecialToken: { id, type_id: type } })
const given = (id: string, type = 0): Json => ({ Sequence: { id, type_id: type } })
const template = (...pair: Json[]): Json => ({
  type: 'TemplateProcessing',
  single: [given('A')],
  pair,
  special_tokens: { E: { id: 'E', ids: [cls, sep], tokens: ['[CLS]', '[SEP]'] } },
})
const bytes = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }

test.each([
  ['BertProcessing', { type: 'BertProcessing', ...around }],
  ['its template', bert['post_processor'] as Json],
  ['a sequence', { type: 'Sequence', processors: [bytes, { type: 'BertProcessing', ...around }] }],
])('%s has types, whichever text is the same for all', (_, processor) => {
  expect(paired(processor, 'second')).toEqual({
    prefix: [cls],
    suffix: [sep, ...own, sep],
    types: { ones: 'last', tokens: own.length + 1 },
  })
  expect(paired(processor, 'first')).toEqual({
    prefix: [cls, ...own, sep],
    suffix: [sep],
    types: { ones: 'after', tokens: own.length + 2 },
  })
})

test('RobertaProcessing has two separators and no types', () => {
  const processor = { type: 'RobertaProcessing', ...around, trim_offsets: true }
  expect(paired({ ...processor, add_prefix_space: false }, 'second')).toEqual({
    prefix: [cls],
    suffix: [sep, sep, ...own, sep],
    types: undefined,
  })
})

test('the texts of a template may come in any order', () => {
  expect(paired(template(given('B'), special('E', 1), given('A', 1)), 'second')).toEqual({
    prefix: [...own, cls, sep],
    suffix: [],
    types: { ones: 'after', tokens: own.length },
  })
})

test.each([
  ['none', null],
  ['one that only moves offsets', bytes],
  ['two that add tokens', { type: 'Sequence', processors: [around, around] }],
  ['a template with the same text twice', template(given('A'), given('A'))],
  ['a template without the second text', template(given('A'), special('E'))],
  ['a token that the template does not define', template(given('A'), special('X'), given('B'))],
])('%s is no template for pairs', (_, processor) => {
  const broken = (): unknown =>
    pairTokenizer(withProcessor(processor), { place: 'second', text, maxTokens })
  expect(broken).toThrow(expect.objectContaining({ code: 'model_incompatible' }))
  expect(broken).toThrow(/no template for pairs/)
})

test('types that are not 0 and then 1 are refused', () => {
  const processor = template(given('A', 1), special('E'), given('B', 1))
  expect(() => paired(processor, 'second')).toThrow(/the types 1, 0, 1/)
})

test.each([
  ['has no tokens', '', /second text has no tokens/],
  ['has more than half of the tokens', 'a '.repeat(23), /has 23 tokens\. It may have 22/],
  ['is longer than a pair', 'a '.repeat(60), /has more than 48 tokens\. It may have 22/],
])('a text that %s is refused', (_, wrong, message) => {
  const json = withProcessor(bert['post_processor'] as Json)
  const refused = (): unknown => pairTokenizer(json, { place: 'second', text: wrong, maxTokens })
  expect(refused).toThrow(expect.objectContaining({ code: 'usage' }))
  expect(refused).toThrow(message)
})

test('a text of half of the tokens is taken', () => {
  const json = withProcessor(bert['post_processor'] as Json)
  const half = { place: 'second', text: 'a '.repeat(22), maxTokens } as const
  expect(pairTokenizer(json, half).types).toEqual({ ones: 'last', tokens: 23 })
})
