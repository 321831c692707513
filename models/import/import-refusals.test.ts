// Exports that are damaged, or that would give other results than they do, are refused with a code
// and leave nothing behind.
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  exportFixtures,
  json,
  config,
  golden,
  graph,
  shaped,
  ending,
  without,
  cut,
  beside,
  tokenizerJson,
} from '../../tests/support/import-exports.ts'
import { importModel } from './import-model.ts'

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'winnow-import-'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

type Defect = [what: string, code: string, message: RegExp, damage: (dir: string) => Promise<void>]

/** Settings of the tokenizer that ask for other ids than tokenizer.json gives, for `bert`. */
const settings = (
  [
    ['truncation_side', 'left', /cuts long texts at the left \(truncation_side\)/],
    ['truncation_strategy', 'do_not_truncate', /strategy do_not_truncate/],
    ['split_special_tokens', true, /split_special_tokens/],
    ['do_lower_case', false, /do_lower_case: false/],
    ['split_by_punct', true, /split_by_punct: true/],
    ['strip_accents', false, /strip_accents: false/],
    ['tokenize_chinese_chars', false, /tokenize_chinese_chars: false/],
    ['cls_token', '<s>', /"<s>" \(cls_token\), which is not among the added_tokens/],
    ['mask_token', { content: '[MASK]', lstrip: true }, /with lstrip: true, and tokenizer\.json/],
    ['additional_special_tokens', ['<x>'], /additional_special_tokens/],
    ['added_tokens_decoder', { 9: { content: '[CLS]' } }, /with the id 9/],
  ] as const
).map(([name, value, message]): Defect => [
  ...([
    `${name} ${JSON.stringify(value)}`,
    message.source.includes('cuts') || /strateg|split_special/.test(name)
      ? 'model_incompatible'
      : 'export_invalid',
    message,
  ] as const),
  beside('tokenizer_config.json', { [name]: value }),
])
settings.push(
  [
    'a tokenizer that cuts at the left',
    'model_incompatible',
    /at the left \(truncation\.direction\)/,
    tokenizerJson({ truncation: { direction: 'Left', strategy: 'LongestFirst' } }),
  ],
  [
    'a tokenizer that pads at the left',
    'model_incompatible',
    /pads every text to a fixed length at the left/,
    tokenizerJson({ padding: { direction: 'Left', strategy: { Fixed: 64 } } }),
  ],
  [
    'special tokens of another tokenizer',
    'export_invalid',
    /special_tokens_map\.json has the token "<sep>" \(sep_token\)/,
    beside('special_tokens_map.json', { sep_token: '<sep>' }),
  ],
  [
    'added tokens of another tokenizer',
    'export_invalid',
    /added_tokens\.json has the token "<new>"/,
    beside('added_tokens.json', { '<new>': 999 }),
  ],
)

const defects: Record<string, Defect[]> = {
  words: [
    [
      'ids of the library that are not the golden ones',
      'golden_mismatch',
      /token ids \[1,2\] expected/,
      golden({ ids: [1, 2] }),
    ],
    [
      'a tokenizer that nobody knows',
      'model_incompatible',
      /"Nmt" is not known/,
      json('tokenizer.json', (file) => Object.assign(file, { normalizer: { type: 'Nmt' } })),
    ],
  ],
  bert: [
    ['no graph', 'export_invalid', /no model\.onnx and no onnx/, without('model.onnx')],
    ['no configuration', 'export_invalid', /no config\.json/, without('config.json')],
    ['no tokenizer', 'export_invalid', /no tokenizer\.json/, without('tokenizer.json')],
    ['a configuration that is cut off', 'export_invalid', /not valid JSON/, cut('config.json', 99)],
    ['a tokenizer that is cut off', 'model_corrupt', /not valid JSON/, cut('tokenizer.json', 999)],
    ['a graph that is cut off', 'export_invalid', /not an ONNX model/, cut('model.onnx', 99_999)],
    ['no labels', 'export_invalid', /has no id2label/, config({ id2label: undefined })],
    [
      'a hole in the labels',
      'export_invalid',
      /3 labels and none for 2/,
      config({ id2label: { 0: 'a', 1: 'b', 3: 'c' } }),
    ],
    [
      'a label twice',
      'export_invalid',
      /"a" twice/,
      config({ id2label: { 0: 'a', 1: 'b', 2: 'a' } }),
    ],
    [
      'more logits than labels',
      'export_invalid',
      /3 logits for the 2 labels/,
      config({ id2label: { 0: 'a', 1: 'b' } }),
    ],
    ['another family', 'model_incompatible', /family 'gpt2'/, config({ model_type: 'gpt2' })],
    [
      'another task',
      'model_incompatible',
      /BertForTokenClassification, not a sequence classifier/,
      config({ architectures: ['BertForTokenClassification'] }),
    ],
    ['a regression', 'model_incompatible', /regression/, config({ problem_type: 'regression' })],
    [
      'a task that does not exist',
      'export_invalid',
      /problem_type 'multilabel'. Winnow knows/,
      config({ problem_type: 'multilabel' }),
    ],
    [
      'one label and no word on its logit',
      'export_invalid',
      /one label "spam" and does not say what its one logit means/,
      config({ id2label: { 0: 'spam' } }),
    ],
    [
      'one label that every text would get',
      'export_invalid',
      /every text would get that label/,
      config({ id2label: { 0: 'spam' }, problem_type: 'single_label_classification' }),
    ],
    [
      'another number of labels',
      'export_invalid',
      /num_labels: 2, but its id2label has 3 labels/,
      config({ num_labels: 2 }),
    ],
    ...(
      [
        ['the label of texts without a label', 'winnow.none', /rename label 1/],
        ['an empty label', '', /empty label: rename label 1/],
        ['a label of spaces', ' \u00a0', /empty label/],
        ['a label with an escape sequence', 'a\u001b[31m', /control character/],
        ['a label of two lines', 'a\nb', /control character, a line end/],
        ['half a character', 'a\ud800', /half a character/],
        ['a label without end', 'a'.repeat(257), /257 characters, more than 256/],
      ] as const
    ).map(([what, label, message]): Defect => [
      ...([what, 'export_invalid', message] as const),
      config({ id2label: { 0: 'a', 1: label, 2: 'c' } }),
    ]),
    [
      'no positions',
      'export_invalid',
      /max_position_embeddings/,
      config({ max_position_embeddings: undefined }),
    ],
    [
      'inputs of one length',
      'model_incompatible',
      /input_ids has the fixed shape \[1, 16\]/,
      shaped([1, 16]),
    ],
    [
      'inputs of one number',
      'model_incompatible',
      /input_ids has the fixed shape \[1, tokens\]/,
      shaped([1, 'tokens']),
    ],
    ['inputs of one axis', 'model_incompatible', /shape \[tokens\], not/, shaped(['tokens'])],
    [
      'the label instead of logits',
      'model_incompatible',
      /output logits has the ONNX element type 7/,
      graph((one) => ({
        ...one,
        outputs: [{ ...one.outputs![0]!, type: { tensor: { elementType: 7 } } }],
      })),
    ],
    [
      'a softmax where labels are sets',
      'export_invalid',
      /add up to 1 over the labels/,
      async (dir) => {
        await ending([{ operator: 'Softmax' }])(dir)
        await config({ problem_type: 'multi_label_classification' })(dir)
      },
    ],
    [
      'sigmoids where one label applies',
      'export_invalid',
      /ends in sigmoids, one for each label, and nothing says/,
      ending([{ operator: 'Sigmoid' }]),
    ],
    [
      'numbers that may be probabilities',
      'export_invalid',
      /last operator \(HardSigmoid\) does not tell/,
      ending([{ operator: 'HardSigmoid' }]),
    ],
    ...settings,
    [
      'a tokenizer for another model',
      'export_invalid',
      /knows only 99 tokens/,
      config({ vocab_size: 99 }),
    ],
    [
      'positions that the graph does not have',
      'model_incompatible',
      /fails on a text of 500 tokens/,
      async (dir) => {
        await config({ max_position_embeddings: 500 })(dir)
        await rm(join(dir, 'tokenizer_config.json'))
        await rm(join(dir, 'golden.json'))
      },
    ],
    [
      'a graph of hidden states',
      'model_incompatible',
      /no output logits \[batch, labels\] \(found: logits \[batch, tokens, hidden\]\)/,
      graph((one) => {
        const dims = ['batch', 'tokens', 'hidden'].map((parameter) => ({ parameter }))
        const type = { tensor: { elementType: 1, shape: { dims } } }
        return { ...one, outputs: [{ name: 'logits', type }] }
      }),
    ],
    [
      'an input that nobody can fill',
      'model_incompatible',
      /the input 'pixel_values'/,
      graph((one) => ({
        ...one,
        inputs: [...one.inputs!, { ...one.inputs![0]!, name: 'pixel_values' }],
      })),
    ],
    [
      'weights that are not numbers',
      'golden_mismatch',
      /logits/,
      graph((one) => ({
        ...one,
        initializers: one.initializers!.map((tensor) =>
          tensor.raw !== undefined && tensor.elementType === 1
            ? { ...tensor, raw: new Uint8Array(tensor.raw.length).fill(0xff) }
            : tensor,
        ),
      })),
    ],
    [
      'golden texts that are none',
      'export_invalid',
      /golden\.json/,
      json('golden.json', () => [1]),
    ],
    ['other golden ids', 'golden_mismatch', /token ids \[1,2\] expected/, golden({ ids: [1, 2] })],
    [
      'other golden logits',
      'golden_mismatch',
      /logits \[0,0,0\] expected/,
      golden({ logits: [0, 0, 0] }),
    ],
    [
      'other golden probabilities',
      'golden_mismatch',
      /probabilities \[1,0,0\] expected/,
      golden({ probabilities: [1, 0, 0] }),
    ],
    ['another golden label', 'golden_mismatch', /label "eggs" expected/, golden({ label: 'eggs' })],
  ],
  roberta: [
    [
      'a space before a text that tokenizer.json does not put there',
      'export_invalid',
      /add_prefix_space: true/,
      beside('tokenizer_config.json', { add_prefix_space: true }),
    ],
    [
      'no token before a text where there is one',
      'export_invalid',
      /add_bos_token: false/,
      beside('tokenizer_config.json', { add_bos_token: false, bos_token: '<s>' }),
    ],
    [
      'another token before a text',
      'export_invalid',
      /says cls_token: "<pad>", and tokenizer\.json puts "<s>" there/,
      beside('tokenizer_config.json', { cls_token: '<pad>' }),
    ],
  ],
  'xlm-r': [
    ['no weights', 'export_invalid', /cannot be read/, without('model.onnx_data')],
    ['weights cut off', 'export_invalid', /end at byte/, cut('model.onnx_data', 1_000)],
    [
      'weights elsewhere',
      'export_invalid',
      /outside the export/,
      graph((one) => ({
        ...one,
        initializers: one.initializers!.map((tensor) => ({
          ...tensor,
          externalLocation: tensor.externalLocation?.map((entry) =>
            entry.key === 'location' ? { ...entry, value: '../model.onnx_data' } : entry,
          ),
        })),
      })),
    ],
  ],
}

describe.each(Object.entries(defects))('%s is refused', (family, cases) => {
  test.each(cases)('with %s: %s', async (_, code, message, damage) => {
    const dir = await mkdtemp(join(scratch, 'export-'))
    const storeDir = await mkdtemp(join(scratch, 'store-'))
    await cp(join(exportFixtures, family), dir, { recursive: true })
    await damage(dir)
    await expect(importModel({ dir, storeDir, name: 'damaged' })).rejects.toMatchObject({
      name: 'WinnowError',
      code,
      message: expect.stringMatching(message),
    })
    expect(await readdir(storeDir)).toEqual([])
  })
})

test.each([
  ['a tokenizer that cuts only the first', 'first', 'OnlyFirst', /does not cut a second text/],
  ['a tokenizer that cuts only the second', 'second', 'OnlySecond', /does not cut a first text/],
] as const)('a pair with %s is refused', async (_, place, strategy, message) => {
  const dir = await mkdtemp(join(scratch, 'export-'))
  const storeDir = await mkdtemp(join(scratch, 'store-'))
  await cp(join(exportFixtures, 'bert'), dir, { recursive: true })
  await tokenizerJson({ truncation: { direction: 'Right', strategy } })(dir)
  const pairedText = { place, text: 'about refunds' }
  await expect(importModel({ dir, storeDir, name: 'cut', pairedText })).rejects.toMatchObject({
    code: 'model_incompatible',
    message: expect.stringMatching(message),
  })
  expect(await readdir(storeDir)).toEqual([])
})
